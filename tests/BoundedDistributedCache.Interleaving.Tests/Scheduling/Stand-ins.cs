// What the provider's sources find under these names in place of the platform's: the namespaces around theirs are
// searched before any that they use. Accesses are plain, for one scheduled thread runs at a time; what the processor
// might reorder is no matter of these tests.
using BoundedCache.Interleaving.Tests;

namespace BoundedCache
{
    internal static class Volatile
    {
        public static T Read<T>(ref readonly T location)
        {
            Scheduled.Point();
            return location;
        }

        public static void Write<T>(ref T location, T value)
        {
            Scheduled.Point();
            location = value;
        }
    }

    internal static class Interlocked
    {
        public static T CompareExchange<T>(ref T location, T value, T comparand)
        {
            Scheduled.Point();
            T seen = location;
            if (typeof(T).IsValueType ? EqualityComparer<T>.Default.Equals(seen, comparand) : ReferenceEquals(seen, comparand))
            {
                location = value;
            }

            return seen;
        }

        public static T Exchange<T>(ref T location, T value)
        {
            Scheduled.Point();
            (T seen, location) = (location, value);
            return seen;
        }

        public static int Increment(ref int location) => Add(ref location, 1);

        public static long Increment(ref long location) => Add(ref location, 1);

        public static int Add(ref int location, int value)
        {
            Scheduled.Point();
            return location += value;
        }

        public static long Add(ref long location, long value)
        {
            Scheduled.Point();
            return location += value;
        }

        public static long Read(ref long location) => Volatile.Read(ref location);
    }

    internal struct SpinWait
    {
        public readonly void SpinOnce() => Scheduled.GiveWay();
    }

    /// <summary>Seeds are the same in every process, so that a schedule found in one is one in another.</summary>
    internal static class RandomNumberGenerator
    {
        public static void Fill(Span<byte> data) => data.Fill(42);
    }

    internal static class Faults
    {
        public static bool Has(Fault fault) => Scheduled.Fault == fault;
    }
}

namespace System.Threading
{
    /// <summary>A lock whose waits the scheduler sees; a <c>lock</c> statement takes it like the platform's.</summary>
    internal sealed class Lock
    {
        private int _depth;

        public int Owner { get; private set; }

        public bool IsHeldByCurrentThread => Owner == Environment.CurrentManagedThreadId;

        public Scope EnterScope()
        {
            Enter();
            return new Scope(this);
        }

        public void Enter()
        {
            Scheduled.Point();
            while (!TryTake())
            {
                Scheduled.WaitFor(this);
            }
        }

        public bool TryEnter() => TryTake();

        public void Exit()
        {
            if (--_depth == 0)
            {
                Owner = 0;
            }
        }

        private bool TryTake()
        {
            int me = Environment.CurrentManagedThreadId;
            if (Owner != 0 && Owner != me)
            {
                return false;
            }

            Owner = me;
            _depth++;
            return true;
        }

        public ref struct Scope(Lock owner)
        {
            public readonly void Dispose() => owner.Exit();
        }
    }
}
