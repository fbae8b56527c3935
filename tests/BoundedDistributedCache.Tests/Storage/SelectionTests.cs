using BoundedCache.Storage;
using CsCheck;

namespace BoundedCache.Tests.Storage;

public sealed class SelectionTests
{
    [Fact]
    public void PutsTheSmallestFirst() =>
        (from values in Gen.ULong.HashSet[0, 200]
         from count in Gen.Int[0, values.Count]
         select (Values: values.ToArray(), Count: count))
        .Sample(sample => Selects(sample.Values, sample.Count), iter: 5_000);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(500)]
    [InlineData(999)]
    [InlineData(1_000)]
    public void OrderedInputIsNothingSpecial(int count)
    {
        var rising = Enumerable.Range(0, 1_000).Select(i => (ulong)i).ToArray();

        Assert.True(Selects([.. rising], count));
        Assert.True(Selects([.. rising.Reverse()], count));
        Assert.True(Selects([.. rising.Where(i => i % 2 == 0), .. rising.Where(i => i % 2 == 1).Reverse()], count));
        Assert.True(Selects([.. rising.Select(i => i ^ 1)], count));
    }

    // A selection that splits leaves what is not selected in disorder; one that gave up splitting has sorted it. Of values
    // in some order, the first and the last make the worst pivots, and the median the best.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhatIsNearlyInOrderIsSplitInTheMiddle(bool falls)
    {
        ulong[] values = [.. Enumerable.Range(0, 1_000).Select(i => (ulong)i ^ 1)];
        if (falls)
            Array.Reverse(values);

        Selection.Partition(values, 300);

        Assert.Equal(Enumerable.Range(0, 300).Select(i => (ulong)i), values[..300].Order());
        Assert.NotEqual(Enumerable.Range(500, 500).Select(i => (ulong)i), values[500..]);
    }

    [Fact]
    public void InputThatMakesEveryPivotBadIsSortedInstead()
    {
        var values = WithBadPivots(100_000);
        var count = values.Length / 2;

        Selection.Partition(values, count);

        Assert.Equal(Enumerable.Range(count, count).Select(i => (ulong)i), values[count..]);
        Assert.Equal(Enumerable.Range(0, count).Select(i => (ulong)i), values[..count].Order());
    }

    /// <summary>
    /// Makes the first and the middle value of each span the two smallest that are left, so that the median of three is
    /// the second smallest and a split takes no more than two off. Follows the exchange that the split makes.
    /// </summary>
    private static ulong[] WithBadPivots(int length)
    {
        var values = new ulong[length];
        var places = Enumerable.Range(0, length).ToArray();
        ulong next = 0;
        for (var start = 0; start < length; start += 2)
        {
            var middle = start + ((length - start) / 2);
            values[places[start]] = next++;
            values[places[middle]] = next++;
            (places[start + 1], places[middle]) = (places[middle], places[start + 1]);
        }

        return values;
    }

    private static bool Selects(ulong[] values, int count)
    {
        var expected = values.Order().Take(count).ToArray();
        var all = values.Order().ToArray();

        Selection.Partition(values, count);

        return values.Take(count).Order().SequenceEqual(expected) && values.Order().SequenceEqual(all);
    }
}
