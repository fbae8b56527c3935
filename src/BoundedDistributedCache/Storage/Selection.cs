using System.Numerics;

namespace BoundedCache.Storage;

/// <summary>
/// Quickselect (Hoare, "Algorithm 65: Find", 1961) over distinct values, with a sort where pivots turn out badly, so
/// that no input makes it quadratic.
/// </summary>
internal static class Selection
{
    /// <summary>Reorders <paramref name="values"/> so that its <paramref name="count"/> smallest come first.</summary>
    public static void Partition(Span<ulong> values, int count)
    {
        int rounds = 2 * BitOperations.Log2((uint)values.Length + 1);
        while (count > 0 && count < values.Length)
        {
            if (rounds-- == 0)
            {
                values.Sort();
                return;
            }

            int boundary = Split(values);
            if (count <= boundary)
            {
                values = values[..boundary];
            }
            else
            {
                values = values[boundary..];
                count -= boundary;
            }
        }
    }

    /// <summary>Splits at a pivot: what precedes the returned index is at most what follows; neither part is empty.</summary>
    private static int Split(Span<ulong> values)
    {
        ulong pivot = MedianOfThree(values[0], values[values.Length / 2], values[^1]);
        int left = -1;
        int right = values.Length;
        while (true)
        {
            while (values[++left] < pivot)
            {
            }

            while (values[--right] > pivot)
            {
            }

            if (left >= right)
            {
                return Math.Clamp(right + 1, 1, values.Length - 1);
            }

            (values[left], values[right]) = (values[right], values[left]);
        }
    }

    private static ulong MedianOfThree(ulong a, ulong b, ulong c) =>
        Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
