using BoundedCache.Expiration;

namespace BoundedCache.Interleaving.Tests;

internal enum OperationKind
{
    Get,
    Set,
    Remove,

    /// <summary>What a sweep does to one key.</summary>
    Expire,

    /// <summary>The clock is set.</summary>
    Advance,
}

/// <summary>One operation on one key, from its call to its return.</summary>
internal sealed class Operation(OperationKind kind, string key, string? tenant)
{
    public OperationKind Kind => kind;

    public string Key => key;

    public string? Tenant => tenant;

    public int Begin { get; set; }

    public int End { get; set; } = int.MaxValue;

    /// <summary>What was set or got; 0: nothing.</summary>
    public byte Value { get; set; }

    /// <summary>What it judges by; negative where it did not ask.</summary>
    public long Time { get; set; } = -1;

    public long Absolute { get; set; } = Deadlines.None;

    public long Sliding { get; set; } = Deadlines.None;

    public bool WasRefused { get; set; }

    public override string ToString() => $"[{Begin},{(End == int.MaxValue ? "" : End)}] {kind} {tenant}{(tenant is null ? "" : "/")}{key} {Value} at {Time}";
}

/// <summary>
/// What was done, and whether there is an order of it, within each operation's call and return, in which a plain map
/// would have answered the same. Keys have nothing to do with one another, so each is looked at by itself, with the
/// clock.
/// </summary>
internal sealed class History
{
    private readonly List<Operation> _operations = [];
    private int _instant;

    public IReadOnlyCollection<(string? Tenant, string Key)> Keys => [.. _operations
        .Where(operation => operation.Kind != OperationKind.Advance)
        .Select(operation => (operation.Tenant, operation.Key))
        .Distinct()];

    public void Add(Operation operation, Action<Operation> perform)
    {
        _operations.Add(operation);
        operation.Begin = _instant++;
        perform(operation);
        operation.End = _instant++;
    }

    /// <summary>One call that does something to each key.</summary>
    public void AddForEach(Operation[] operations, Action perform)
    {
        _operations.AddRange(operations);
        int begin = _instant++;
        Array.ForEach(operations, operation => operation.Begin = begin);
        perform();
        int end = _instant++;
        Array.ForEach(operations, operation => operation.End = end);
    }

    public void ThrowUnlessLinearizable(Func<string, bool> mayGo)
    {
        foreach ((string? tenant, string key) in Keys)
        {
            List<Operation> operations = [.. _operations.Where(operation =>
                operation.Kind == OperationKind.Advance || (operation.Key == key && operation.Tenant == tenant))];
            if (!IsLinearizable(operations, 0, default, [], mayGo(tenant is null ? key : $"{tenant}/{key}")))
            {
                throw new InvalidOperationException($"No order explains:\n{string.Join('\n', operations)}");
            }
        }
    }

    private static bool IsLinearizable(List<Operation> operations, ulong done, State state, HashSet<(ulong, State)> inVain, bool mayGo)
    {
        if (inVain.Contains((done, state)))
        {
            return false;
        }

        bool isAny = false;
        int firstEnd = int.MaxValue;
        for (int i = 0; i < operations.Count; i++)
        {
            if ((done >> i & 1) == 0)
            {
                isAny = true;
                firstEnd = Math.Min(firstEnd, operations[i].End);
            }
        }

        if (!isAny)
        {
            return true;
        }

        for (int i = 0; i < operations.Count; i++)
        {
            // What began after another had ended comes after it.
            if ((done >> i & 1) == 0
                && operations[i].Begin < firstEnd
                && state.After(operations[i], mayGo) is { } next
                && IsLinearizable(operations, done | (1UL << i), next, inVain, mayGo))
            {
                return true;
            }
        }

        inVain.Add((done, state));
        return false;
    }

    /// <summary>The clock, and what a key has.</summary>
    private readonly record struct State(long Clock, byte Value, long Absolute, long Sliding, long LastAccess)
    {
        private bool Expires => Absolute != Deadlines.None || Sliding != Deadlines.None;

        /// <summary>Null where the operation can't have answered as it did.</summary>
        public State? After(Operation operation, bool mayGo)
        {
            // Nobody has read a time that the clock had not shown yet; but who found something may have looked at the clock
            // later than at the key, and what was alive then was so before.
            bool isHit = operation.Kind == OperationKind.Get && operation.Value != 0;
            if (operation.Kind != OperationKind.Advance && !isHit && operation.Time > Clock)
            {
                return null;
            }

            switch (operation.Kind)
            {
                case OperationKind.Advance:
                    return this with { Clock = operation.Time };
                case OperationKind.Set:
                    return operation.WasRefused
                        ? Empty
                        : new State(Clock, operation.Value, operation.Absolute, operation.Sliding, operation.Time);
                case OperationKind.Remove:
                    return Empty;
                case OperationKind.Expire:
                    return IsPast(operation.Time) ? Empty : this;
                default:
                    if (operation.Value == 0)
                    {
                        bool isMiss = Value == 0 || mayGo || (operation.Time >= 0 && IsPast(operation.Time));
                        return isMiss ? Empty : null;
                    }

                    if (operation.Value != Value || (Expires && (operation.Time < 0 || IsPast(operation.Time))))
                    {
                        return null;
                    }

                    return Sliding == Deadlines.None ? this : this with { LastAccess = Math.Max(LastAccess, operation.Time) };
            }
        }

        private State Empty => new(Clock, 0, Deadlines.None, Deadlines.None, 0);

        private bool IsPast(long time) => Value != 0 && (time >= Absolute || time - LastAccess >= Sliding);
    }
}
