namespace BoundedCache.Tests.Support;

/// <summary>
/// The order of the other policy, as plainly: while more than a share of the entries and four were never used, the oldest
/// of those goes, else the oldest of all. Who went unused and comes back among the last that did counts as used. The share
/// grows by a quarter of an entry for one that went unused right before it comes back, and shrinks for one that had been used.
/// </summary>
internal sealed class ReferenceScanResistant(int maxEntries, long maxBytes) : ReferenceLru(maxEntries, maxBytes)
{
    private const long Whole = 1 << 30;

    private List<string> _unused = [];
    private List<string> _used = [];
    private long _share = Whole * 5 / 32;

    protected override long PolicyCharge => BoundedCache.Storage.Charge.Probation;

    protected override Item Victim(IReadOnlyList<Item> byUse, string keep)
    {
        Item? onProbation = (byUse.Count(item => item.IsOnProbation) - 4) * Whole > _share * byUse.Count
            ? byUse.FirstOrDefault(item => item.IsOnProbation && item.Key != keep)
            : null;
        Item victim = onProbation ?? base.Victim(byUse, keep);
        if (victim.IsOnProbation)
        {
            _unused = [victim.Key, .. _unused];
        }
        else
        {
            _used = [victim.Key, .. _used];
        }

        Trim(byUse.Count, victim.IsOnProbation);
        return victim;
    }

    protected override void Trim()
    {
        Trim(Count, ofUnused: true);
        Trim(Count, ofUnused: false);
        _used = Count == 0 ? [] : _used;
    }

    protected override bool BeginsOnProbation(string key)
    {
        long quarter = Whole / 4 / Math.Max(1, Count);
        int age = _unused.Take(Count * 9 / 10).ToList().IndexOf(key);
        if (age >= 0)
        {
            _share = age < Window(Count) ? Math.Min(Whole, _share + quarter) : _share;
            return false;
        }

        _share = _used.Take(Window(Count)).Contains(key) ? Math.Max(Whole / 16, _share - quarter) : _share;
        return true;
    }

    private static int Window(int count) => Math.Max(1, count / 16);

    private void Trim(int count, bool ofUnused)
    {
        if (ofUnused)
        {
            _unused = [.. _unused.Take(count * 9 / 10)];
        }
        else
        {
            _used = [.. _used.Take(Window(count))];
        }
    }
}
