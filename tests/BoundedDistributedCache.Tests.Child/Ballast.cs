namespace BoundedCache.Tests.Child;

/// <summary>Takes what the heap's hard limit leaves, and gives back as much as is asked for.</summary>
internal static class Ballast
{
    // From pieces so large that they are few to such that hardly anything fits beside them.
    private static readonly int[] s_sizes = [32_000, 4_000, 480, 40];

    private static readonly byte[]?[] s_pieces = new byte[]?[100_000];
    private static int s_count;

    /// <summary>Takes everything.</summary>
    public static void Fill()
    {
        foreach (int size in s_sizes)
        {
            try
            {
                while (s_count < s_pieces.Length)
                {
                    s_pieces[s_count] = new byte[size];
                    s_count++;
                }
            }
            catch (OutOfMemoryException)
            {
                // That is how much there was.
            }
        }
    }

    public static void Release(long bytes)
    {
        for (long released = 0; released < bytes && s_count > 0; s_pieces[s_count] = null)
        {
            released += s_pieces[--s_count]!.Length;
        }
    }

    public static void ReleaseAll() => Release(long.MaxValue);
}
