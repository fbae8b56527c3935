using BoundedCache.Expiration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace BoundedCache.Tests.Support;

/// <summary>A container with a fake clock, whose logs are kept, and whose scopes and call sites are validated.</summary>
internal sealed class TestContainer : IDisposable
{
    public TestContainer(Action<IServiceCollection> register)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddFakeLogging());
        services.AddSingleton<TimeProvider>(Clock);
        register(services);
        Services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    public ObservedTimeProvider Clock { get; } = new();

    public ServiceProvider Services { get; }

    public BoundedDistributedCache Cache => Services.GetRequiredService<BoundedDistributedCache>();

    public ExpirationSweeper Sweeper => Services.GetServices<IHostedService>().OfType<ExpirationSweeper>().Single();

    public IReadOnlyList<FakeLogRecord> Logs => Services.GetFakeLogCollector().GetSnapshot();

    public IReadOnlyList<FakeLogRecord> LogsOf(int eventId) => [.. Logs.Where(record => record.Id.Id == eventId)];

    public IReadOnlyList<FakeLogRecord> Warnings => [.. Logs.Where(record => record.Level >= LogLevel.Warning)];

    /// <summary>Waits for a message, which may have been logged already.</summary>
    public async Task<FakeLogRecord> NextLogAsync(int eventId, int number = 1)
    {
        await foreach (var record in Services.GetFakeLogCollector().GetLogsAsync(Deadline.Token))
        {
            if (record.Id.Id == eventId && --number == 0)
                return record;
        }

        throw new InvalidOperationException("Logs end only with the test.");
    }

    public void Dispose() => Services.Dispose();
}
