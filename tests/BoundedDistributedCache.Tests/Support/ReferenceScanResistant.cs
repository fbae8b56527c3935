namespace BoundedCache.Tests.Support;

/// <summary>
/// The order of the other policy, as plainly: while more than a seventh of the entries and six were never used, the oldest
/// of those goes, else the oldest of all. Who went unused and comes back among the last that did counts as used.
/// </summary>
internal sealed class ReferenceScanResistant(int maxEntries, long maxBytes) : ReferenceLru(maxEntries, maxBytes)
{
    private List<string> _remembered = [];

    protected override long PolicyCharge => BoundedCache.Storage.Charge.Probation;

    protected override Item Victim(IReadOnlyList<Item> byUse, string keep)
    {
        Item? onProbation = (byUse.Count(item => item.IsOnProbation) - 6) * 7 > byUse.Count
            ? byUse.FirstOrDefault(item => item.IsOnProbation && item.Key != keep)
            : null;
        Item victim = onProbation ?? base.Victim(byUse, keep);
        if (victim.IsOnProbation)
        {
            _remembered = [.. _remembered.Append(victim.Key).TakeLast(byUse.Count * 9 / 10)];
        }

        return victim;
    }

    protected override void Trim() => _remembered = [.. _remembered.TakeLast(Count * 9 / 10)];

    protected override bool BeginsOnProbation(string key) => !_remembered.TakeLast(Count * 9 / 10).Contains(key);
}
