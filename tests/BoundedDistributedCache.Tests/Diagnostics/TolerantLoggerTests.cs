using BoundedCache.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Moq;

namespace BoundedCache.Tests.Diagnostics;

public class TolerantLoggerTests
{
    [Fact]
    public void PassesMessagesOn()
    {
        var sink = new FakeLogger();
        var exception = new InvalidOperationException("fault");

        new TolerantLogger(sink).SweepFailed(exception, "pages", TimeSpan.FromSeconds(60));

        Assert.Equal(100, sink.LatestRecord.Id.Id);
        Assert.Equal(LogLevel.Error, sink.LatestRecord.Level);
        Assert.Same(exception, sink.LatestRecord.Exception);
        Assert.Equal("A sweep of cache 'pages' failed. The next one follows after 00:01:00.", sink.LatestRecord.Message);
    }

    [Fact]
    public void SwallowsWhatASinkThrows()
    {
        var sink = new Mock<ILogger>();
        sink.Setup(logger => logger.IsEnabled(LogLevel.Error)).Returns(true);
        sink.Setup(logger => logger.Log(It.IsAny<LogLevel>(), It.IsAny<EventId>(), It.IsAny<It.IsAnyType>(), It.IsAny<Exception?>(), It.IsAny<Func<It.IsAnyType, Exception?, string>>()))
            .Throws<InvalidOperationException>();

        new TolerantLogger(sink.Object).SweepFailed(new InvalidOperationException("fault"), "pages", TimeSpan.FromSeconds(60));

        Assert.Equal(2, sink.Invocations.Count);
    }

    [Fact]
    public void ASinkThatCanNotSayWhetherItIsEnabledIsNot()
    {
        var sink = new Mock<ILogger>();
        sink.Setup(logger => logger.IsEnabled(It.IsAny<LogLevel>())).Throws<InvalidOperationException>();

        Assert.False(new TolerantLogger(sink.Object).IsEnabled(LogLevel.Critical));
    }

    [Fact]
    public void WithoutASinkNothingIsTold()
    {
        var logger = new TolerantLogger(null);

        logger.MemoryDistributedCacheOptionsLeftOver();

        Assert.False(logger.IsEnabled(LogLevel.Critical));
    }
}
