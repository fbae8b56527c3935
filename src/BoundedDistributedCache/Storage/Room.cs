namespace BoundedCache.Storage;

/// <summary>An amount of room: entries and bytes.</summary>
internal readonly record struct RoomAmount(long Entries, long Bytes)
{
    public static readonly RoomAmount None;

    public bool IsNone => Entries <= 0 && Bytes <= 0;

    /// <summary>The parts of it that are positive. No property: a record prints those, and would print itself for ever.</summary>
    public RoomAmount Excess() => new(Math.Max(0, Entries), Math.Max(0, Bytes));

    public static RoomAmount Of(Entry entry) => new(1, entry.Charge);

    public static RoomAmount operator +(RoomAmount left, RoomAmount right) =>
        new(left.Entries + right.Entries, left.Bytes + right.Bytes);

    public static RoomAmount operator -(RoomAmount left, RoomAmount right) =>
        new(left.Entries - right.Entries, left.Bytes - right.Bytes);
}

/// <summary>
/// The room that the limits leave. It is taken before an entry is linked and given back after one was unlinked, and
/// nobody holds any outside a shard's lock.
/// </summary>
internal sealed class Room(long maxEntries, long maxBytes)
{
    public Budget Entries { get; } = new(maxEntries);

    public Budget Bytes { get; } = new(maxBytes);

    public RoomAmount Missing(RoomAmount needed, bool pastClaim) => pastClaim
        ? new(Entries.MissingPastClaim(needed.Entries), Bytes.MissingPastClaim(needed.Bytes))
        : new(Entries.Missing(needed.Entries), Bytes.Missing(needed.Bytes));

    /// <summary>Takes both or neither.</summary>
    public bool TryTake(RoomAmount amount, bool pastClaim)
    {
        if (amount.IsNone)
        {
            return true;
        }

        if (!Missing(amount, pastClaim).IsNone || !TryTake(Entries, amount.Entries, pastClaim))
        {
            return false;
        }

        if (TryTake(Bytes, amount.Bytes, pastClaim))
        {
            return true;
        }

        Entries.Give(amount.Entries);
        return false;
    }

    public void Give(RoomAmount amount)
    {
        Entries.Give(amount.Entries);
        Bytes.Give(amount.Bytes);
    }

    public void Claim(RoomAmount amount)
    {
        Entries.Claim(amount.Entries);
        Bytes.Claim(amount.Bytes);
    }

    private static bool TryTake(Budget budget, long amount, bool pastClaim) =>
        pastClaim ? budget.TryTakePastClaim(amount) : budget.TryTake(amount);
}
