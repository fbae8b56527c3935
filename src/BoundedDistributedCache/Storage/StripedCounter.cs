using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BoundedCache.Storage;

/// <summary>
/// An exact counter that takes one word until threads contend for it, and a few stripes from then on; the idea is that
/// of <c>LongAdder</c> in java.util.concurrent.
/// </summary>
internal struct StripedCounter
{
    private static readonly int StripesWhereContended = Math.Min(8, Environment.ProcessorCount);

    private long _first;
    private Stripe[]? _stripes;

    public readonly long Value
    {
        get
        {
            long sum = Volatile.Read(in _first);
            foreach (ref readonly Stripe stripe in Volatile.Read(in _stripes).AsSpan())
            {
                sum += Volatile.Read(in stripe.Count);
            }

            return sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Increment()
    {
        long count = Volatile.Read(ref _first);
        if (Volatile.Read(ref _stripes) is not null || Interlocked.CompareExchange(ref _first, count + 1, count) != count)
        {
            IncrementStripe();
        }
    }

    private void IncrementStripe()
    {
        Stripe[]? stripes = Volatile.Read(ref _stripes);
        if (stripes is null)
        {
            stripes = TryMakeStripes();
            if (stripes is null)
            {
                Interlocked.Increment(ref _first);
                return;
            }
        }

        Interlocked.Increment(ref stripes[Thread.GetCurrentProcessorId() % stripes.Length].Count);
    }

    /// <summary>Without memory the one word has to do.</summary>
    private Stripe[]? TryMakeStripes()
    {
        try
        {
            Stripe[] stripes = new Stripe[StripesWhereContended];
            return Interlocked.CompareExchange(ref _stripes, stripes, null) ?? stripes;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = CacheLine.Size)]
    private struct Stripe
    {
        [FieldOffset(0)]
        public long Count;
    }
}
