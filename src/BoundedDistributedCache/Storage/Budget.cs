using System.Runtime.InteropServices;

namespace BoundedCache.Storage;

/// <summary>
/// One limited quantity of the whole cache, entries or bytes: what is used never exceeds the limit.
/// </summary>
/// <remarks>
/// <c>Used</c> moves by interlocked operations alone, up before an entry is linked and down after it was unlinked.
/// <c>Claimed</c> is written only by the thread in the gate: from then on nobody else can take what the claim needs.
/// Who read the claim just before it was set may still take; he holds a shard's lock until what he took is linked, so
/// the gate's holder meets it there.
/// </remarks>
internal sealed class Budget(long limit)
{
    private Lines _lines;

    public long Limit { get; } = limit;

    public long Used => Volatile.Read(ref _lines.Used);

    /// <summary>How much of <paramref name="needed"/> there is no room for; never more than that, and never negative.</summary>
    public long Missing(long needed) => MissingBeside(Volatile.Read(ref _lines.Claimed), needed);

    /// <summary>The same for the thread in the gate, whose own the claim is.</summary>
    public long MissingPastClaim(long needed) => MissingBeside(0, needed);

    public bool TryTake(long amount) => TryTakeBeside(Volatile.Read(ref _lines.Claimed), amount);

    public bool TryTakePastClaim(long amount) => TryTakeBeside(0, amount);

    public void Give(long amount)
    {
        if (amount != 0)
        {
            Interlocked.Add(ref _lines.Used, -amount);
        }
    }

    public void Claim(long amount) => Volatile.Write(ref _lines.Claimed, amount);

    private long MissingBeside(long claimed, long needed) =>
        needed <= 0 ? 0 : Math.Clamp(needed - (Limit - Used - claimed), 0, needed);

    private bool TryTakeBeside(long claimed, long amount)
    {
        if (amount == 0)
        {
            return true;
        }

        long used = Used;
        while (amount <= Limit - used - claimed)
        {
            long seen = Interlocked.CompareExchange(ref _lines.Used, used + amount, used);
            if (seen == used)
            {
                return true;
            }

            used = seen;
        }

        return false;
    }

    [StructLayout(LayoutKind.Explicit, Size = 2 * CacheLine.Size)]
    private struct Lines
    {
        [FieldOffset(CacheLine.Size)]
        public long Used;

        [FieldOffset(CacheLine.Size + sizeof(long))]
        public long Claimed;
    }
}
