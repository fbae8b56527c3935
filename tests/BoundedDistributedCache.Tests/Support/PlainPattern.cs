namespace BoundedCache.Tests.Support;

/// <summary>What a pattern matches, by its definition and as plainly as possible.</summary>
internal static class PlainPattern
{
    public static bool Matches(string pattern, string key)
    {
        // fits[i]: the pattern read so far matches the first i units of the key.
        var fits = new bool[key.Length + 1];
        fits[0] = true;
        foreach (var unit in pattern)
        {
            if (unit == '*')
            {
                for (var i = 1; i <= key.Length; i++)
                    fits[i] |= fits[i - 1];
            }
            else
            {
                for (var i = key.Length; i > 0; i--)
                    fits[i] = fits[i - 1] && (unit == '?' || unit == key[i - 1]);
                fits[0] = false;
            }
        }
        return fits[key.Length];
    }
}
