namespace BoundedCache.Redis;

/// <summary>
/// What is known of Redis, and what follows for the copies in this process.
/// </summary>
/// <remarks>
/// <para>
/// Begins <see cref="TierState.Unconfirmed"/>. Messages are confirmed only by a probe that came back through the
/// subscription, and only if nothing was interrupted since before the probe was sent. Before they are, whoever confirms
/// outdates all copies (the action that he hands in), under the lock here: so between the last interruption and the first copy
/// that is served again while Redis answers there is always one moment at which nothing was held, and from which on messages
/// arrive. While Redis is <see cref="TierState.Away"/>, copies from before are served: none for which it was asked since and
/// answered, or of which a message told.
/// </para>
/// <para>
/// Readers look at one number, how old a copy may be to be served, written under the lock and read without.
/// </para>
/// </remarks>
internal sealed class TierStatus(TimeSpan maxStaleness, TimeSpan maxStalenessAway, Action<TierState, TierState> tell)
{
    // Nothing is younger, whatever the clock does.
    private const long NoAge = long.MinValue;

    private readonly Lock _lock = new();
    private bool _isConfirmed;
    private bool _isBroken;
    private bool _isSilent;
    private long _interruptions;
    private long _servableAge = NoAge;
    private volatile TierState _state = TierState.Unconfirmed;
    private TierState _told = TierState.Unconfirmed;
    private int _changes;

    internal TierState State => _state;

    /// <summary>Copies as old as this in ticks, or older, are not served.</summary>
    internal long ServableAge => Volatile.Read(ref _servableAge);

    /// <summary>The same when Redis was asked and did not answer.</summary>
    internal long ServableAgeAway => maxStalenessAway.Ticks;

    /// <summary>Whether what is read or written may be kept.</summary>
    internal bool KeepsCopies => State == TierState.Connected;

    internal long Interruptions => Interlocked.Read(ref _interruptions);

    /// <summary>A connection was lost, or may have been.</summary>
    internal void Interrupt() => Change(() =>
    {
        _interruptions++;
        _isConfirmed = false;
    });

    /// <summary>The breaker opened, which interrupts too; or closed.</summary>
    internal void SetBroken(bool isBroken) => Change(() =>
    {
        _isBroken = isBroken;
        if (isBroken)
        {
            _interruptions++;
            _isConfirmed = false;
        }
    });

    /// <summary>Whether the last probe could not be sent, or was not answered.</summary>
    internal void SetSilent(bool isSilent) => Change(() =>
    {
        _isSilent = isSilent;
        if (isSilent)
        {
            _interruptions++;
            _isConfirmed = false;
        }
    });

    /// <param name="interruptions">How many there had been before the probe was sent.</param>
    /// <param name="outdate">Outdates all copies; takes no other lock.</param>
    /// <returns>Whether messages were not confirmed before, and are now.</returns>
    internal bool Confirm(long interruptions, Action outdate)
    {
        var isNews = false;
        Change(() =>
        {
            if (_isConfirmed || interruptions != _interruptions)
                return;
            outdate();
            isNews = _isConfirmed = true;
        });
        return isNews;
    }

    private void Change(Action change)
    {
        lock (_lock)
        {
            change();
            _state = _isBroken || _isSilent ? TierState.Away : _isConfirmed ? TierState.Connected : TierState.Unconfirmed;
            Volatile.Write(ref _servableAge, _state switch
            {
                TierState.Connected => maxStaleness.Ticks,
                TierState.Away => maxStalenessAway.Ticks,
                _ => NoAge,
            });
        }

        // Outside the lock, for telling is user code.
        TellOfState();
    }

    // One thread at a time tells, and looks again where another wanted to meanwhile: so what is told last is right. Of changes
    // that follow at once, the last state is told.
    private void TellOfState()
    {
        if (Interlocked.Increment(ref _changes) != 1)
            return;
        int seen;
        do
        {
            seen = Volatile.Read(ref _changes);
            var (before, after) = (_told, State);
            _told = after;
            if (before != after)
                tell(before, after);
        }
        while (Interlocked.CompareExchange(ref _changes, 0, seen) != seen);
    }
}
