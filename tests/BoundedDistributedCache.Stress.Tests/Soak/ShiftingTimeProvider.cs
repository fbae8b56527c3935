namespace BoundedCache.Stress.Tests.Soak;

/// <summary>The system's time, moved by what it was told, forwards or back. Timers run by real time.</summary>
internal sealed class ShiftingTimeProvider : TimeProvider
{
    private const long Farthest = TimeSpan.TicksPerHour;

    private long _shift;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Volatile.Read(ref _shift));

    /// <summary>Moves on from where it is, an hour from the truth at most. For one thread at a time.</summary>
    public void Shift(TimeSpan by) => Volatile.Write(ref _shift, Math.Clamp(_shift + by.Ticks, -Farthest, Farthest));
}
