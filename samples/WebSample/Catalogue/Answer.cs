namespace WebSample.Catalogue;

/// <summary>What the catalogue answered, where the answer came from and how long it took.</summary>
public sealed record Answer<T>(T Value, Origin Origin, TimeSpan Took) : IAnswer;

/// <summary>What a page shows of an answer, whatever was asked for.</summary>
public interface IAnswer
{
    Origin Origin { get; }

    TimeSpan Took { get; }
}

public enum Origin
{
    /// <summary>It was in the cache.</summary>
    Cache,

    /// <summary>This request asked the upstream.</summary>
    Upstream,

    /// <summary>Another request was asking the upstream for the same thing already, and this one waited with it.</summary>
    SharedCall,
}
