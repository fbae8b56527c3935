using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using CsCheck;

namespace BoundedCache.Tests.Storage;

public sealed class EntryIndexTests
{
    private EntryIndex _index = new();

    [Fact]
    public void FindsWhatWasInserted()
    {
        var entry = Insert("a", 1);

        Assert.Same(entry, _index.Find("a", 1));
        Assert.Same(entry, _index.Find("a", 1, out var isCertain));
        Assert.True(isCertain);
        Assert.Same(entry, _index.Locate("a", 1, out _));
    }

    [Fact]
    public void AMissIsCertainWhenNobodyWrites()
    {
        Insert("a", 1);

        Assert.Null(_index.Find("b", 1, out var isCertain));
        Assert.True(isCertain);
    }

    [Fact]
    public void KeysOfOneHashAreToldApart()
    {
        var a = Insert("a", 1);
        var b = Insert("b", 1);

        Assert.Same(a, _index.Find("a", 1));
        Assert.Same(b, _index.Find("b", 1));
        Assert.Null(_index.Find("c", 1));
        Assert.Null(_index.Find("a", 1 + _index.Length));
    }

    [Fact]
    public void LocateTellsHowManyItPassed()
    {
        Insert("a", 1);
        Insert("b", 1);
        Insert("elsewhere", 2);

        _index.Locate("b", 1, out var first);
        _index.Locate("a", 1, out var second);
        _index.Locate("c", 1, out var missing);

        Assert.Equal([0, 1, 2], [first, second, missing]);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    [InlineData("c")]
    public void AReplacementTakesThePlaceOfWhatItReplaces(string key)
    {
        Insert("a", 1);
        Insert("b", 1);
        Insert("c", 1);
        var replaced = _index.Find(key, 1)!;
        var next = replaced.Next;
        var replacement = new Entry(key, 1, []);

        _index.Replace(replaced, replacement);

        Assert.Same(replacement, _index.Find(key, 1));
        Assert.Equal(["c", "b", "a"], Chain(1).Select(entry => entry.Key));
        Assert.Same(next, replaced.Next);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    [InlineData("c")]
    public void AnUnlinkedEntryStillLeadsOn(string key)
    {
        Insert("a", 1);
        Insert("b", 1);
        Insert("c", 1);
        var entry = _index.Find(key, 1)!;
        var next = entry.Next;

        _index.Unlink(entry);

        Assert.Null(_index.Find(key, 1));
        Assert.Equal(2, Chain(1).Count());
        Assert.Same(next, entry.Next);
    }

    [Fact]
    public void DoublesWhenThereAreAsManyEntriesAsBuckets()
    {
        _index.GrowFor(7);
        Assert.Equal(8, _index.Length);

        _index.GrowFor(8);
        Assert.Equal(16, _index.Length);
    }

    [Theory]
    [InlineData(64, 64)]
    [InlineData(24, 64)]
    [InlineData(23, 32)]
    [InlineData(16, 16)]
    [InlineData(9, 16)]
    [InlineData(3, 8)]
    [InlineData(0, 8)]
    public void ShrinksWhenLessThanThreeEighthsAreNeeded(int count, int length)
    {
        _index.GrowFor(8);
        _index.GrowFor(16);
        _index.GrowFor(32);

        _index.ShrinkFor(count);

        Assert.Equal(length, _index.Length);
    }

    // Few hashes, so that chains are long; a multiple of 8 between them, so that growth splits and shrinking joins them.
    [Fact]
    public void BehavesLikeADictionary() =>
        Gen.Select(Gen.Int[0, 30], Gen.Int[0, 9]).List[0, 300].Sample(steps =>
        {
            var index = new EntryIndex();
            var model = new Dictionary<string, Entry>();
            foreach (var (number, step) in steps)
            {
                var entry = new Entry($"{number}", number % 5 * 8, []);
                var present = index.Locate(entry.Key, entry.Hash, out _);
                switch (step)
                {
                    case 0:
                        index.GrowFor(index.Length < 256 ? index.Length : 0);
                        break;
                    case 1:
                        index.ShrinkFor(0);
                        break;
                    case < 5 when present is not null:
                        index.Unlink(present);
                        model.Remove(entry.Key);
                        break;
                    case >= 5 when present is not null:
                        index.Replace(present, entry);
                        model[entry.Key] = entry;
                        break;
                    case >= 5:
                        index.Insert(entry);
                        model[entry.Key] = entry;
                        break;
                }

                for (var i = 0; i <= 30; i++)
                {
                    var expected = model.GetValueOrDefault($"{i}");
                    if (!ReferenceEquals(expected, index.Find($"{i}", i % 5 * 8)))
                        return false;
                }
            }

            return true;
        });

    [Fact]
    public void ReadersMissNothingThatIsThereWhileItsSurroundingsChange()
    {
        var constant = Enumerable.Range(0, 16).Select(i => Insert($"constant:{i}", i)).ToArray();
        var overwritten = Enumerable.Range(0, 16).Select(i => Insert($"overwritten:{i}", i)).ToArray();
        long uncertain = 0;

        Concurrently.During(
            () =>
            {
                // On busy processors the readers may not come to it the first time.
                for (var times = 0; times < 500 && Volatile.Read(ref uncertain) == 0; times++)
                    ChangeSurroundings(overwritten);
            },
            () =>
            {
                foreach (var entry in constant)
                    Assert.True(ReferenceEquals(entry, Find(entry)), "An entry that never changes was not found.");
            },
            () =>
            {
                foreach (var entry in overwritten)
                    Assert.True(Find(entry)?.Key == entry.Key, "A key that is only overwritten was not found.");
            });

        // Without one the test has not met what it is about; the walks above had to be repeated at least once.
        Assert.NotEqual(0, uncertain);

        Entry? Find(Entry entry)
        {
            while (true)
            {
                var found = _index.Find(entry.Key, entry.Hash, out var isCertain);
                if (isCertain)
                    return found;

                Interlocked.Increment(ref uncertain);
            }
        }
    }

    private void ChangeSurroundings(Entry[] overwritten)
    {
        var neighbours = Enumerable.Range(0, 500).Select(i => $"neighbour:{i}").ToArray();
        for (var round = 0; round < 400; round++)
        {
            var count = 32;
            foreach (var key in neighbours)
            {
                _index.GrowFor(count++);
                Insert(key, count);
                ref var old = ref overwritten[count % overwritten.Length];
                var replacement = new Entry(old.Key, old.Hash, []);
                _index.Replace(old, replacement);
                old = replacement;
            }

            for (var i = 0; i < neighbours.Length; i++)
            {
                _index.Unlink(_index.Locate(neighbours[i], 33 + i, out _)!);
                _index.ShrinkFor(--count);
            }
        }
    }

    private Entry Insert(string key, int hash)
    {
        var entry = new Entry(key, hash, []);
        _index.Insert(entry);
        return entry;
    }

    private IEnumerable<Entry> Chain(int hash)
    {
        for (var entry = _index.Head(hash); entry is not null; entry = entry.Next)
            yield return entry;
    }
}
