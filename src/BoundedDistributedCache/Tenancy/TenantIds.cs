using System.Diagnostics.CodeAnalysis;

namespace BoundedCache;

/// <summary>What a tenant's id may be. Ids are compared unit by unit.</summary>
internal static class TenantIds
{
    internal const int MaxLength = 256;

    internal static bool IsValid([NotNullWhen(true)] string? tenantId) => tenantId is not null && Objection(tenantId) is null;

    /// <summary>Never repeats the id, for it may be whatever a client sent.</summary>
    /// <exception cref="ArgumentNullException">The id is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">It is no valid id.</exception>
    internal static void ThrowIfInvalid([NotNull] string? tenantId, string paramName)
    {
        ArgumentNullException.ThrowIfNull(tenantId, paramName);
        if (Objection(tenantId) is { } objection)
            throw new ArgumentException($"A tenant's id is 1 to {MaxLength} UTF-16 units, well-formed and without control characters; this one {objection}.", paramName);
    }

    private static string? Objection(string tenantId)
    {
        if (tenantId.Length == 0)
            return "is empty";
        if (tenantId.Length > MaxLength)
            return $"has {tenantId.Length}";

        for (var i = 0; i < tenantId.Length; i++)
        {
            var unit = tenantId[i];
            if (char.IsControl(unit))
                return $"has a control character at {i}";
            if (!char.IsSurrogate(unit))
                continue;
            if (i + 1 == tenantId.Length || !char.IsSurrogatePair(unit, tenantId[i + 1]))
                return $"has half of a surrogate pair at {i}";
            i++;
        }
        return null;
    }
}
