using BoundedCache.Storage;

namespace BoundedCache.Tenancy;

/// <summary>
/// Each flow of execution has a stack of scopes, which is never changed, only exchanged, and only for that flow. So what
/// was started inside a scope is not moved into another tenant, or into none, when the scope is disposed elsewhere.
/// </summary>
internal sealed class TenantContext : ITenantContext
{
    private readonly AsyncLocal<Frame?> _top = new();

    public string? TenantId => _top.Value?.Partition.TenantId;

    public bool IsHost => _top.Value is { Partition.TenantId: null };

    /// <returns>Whether a partition was entered.</returns>
    internal bool TryGet(out Partition partition)
    {
        Frame? top = _top.Value;
        partition = top?.Partition ?? default;
        return top is not null;
    }

    public IDisposable Use(string tenantId)
    {
        TenantIds.ThrowIfInvalid(tenantId, nameof(tenantId));
        return Enter(new Partition(tenantId));
    }

    public IDisposable UseHost() => Enter(Partition.Host);

    private Scope Enter(Partition partition)
    {
        var scope = new Scope(this);
        _top.Value = new Frame(partition, scope, _top.Value);
        return scope;
    }

    // Scopes that were entered since, and are still in use, stay on top of what was below the one that is left.
    private void Leave(Scope scope)
    {
        var above = new Stack<Frame>();
        for (var frame = _top.Value; frame is not null; frame = frame.Below)
        {
            if (!ReferenceEquals(frame.Scope, scope))
            {
                above.Push(frame);
                continue;
            }

            var top = frame.Below;
            while (above.TryPop(out var kept))
                top = kept with { Below = top };
            _top.Value = top;
            return;
        }
    }

    /// <param name="Partition">What was entered.</param>
    /// <param name="Scope">What ends it; a scope may have frames in the stacks of several flows.</param>
    /// <param name="Below">What is in force without it.</param>
    private sealed record Frame(Partition Partition, Scope Scope, Frame? Below);

    private sealed class Scope(TenantContext context) : IDisposable
    {
        public void Dispose() => context.Leave(this);
    }
}
