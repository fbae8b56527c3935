using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace BoundedCache.Storage;

/// <summary>
/// Asks for memory that will be needed, without waiting for it. Nothing is read, so it needs no lock and can't fail; the
/// object may move meanwhile, and then it was asked for in vain. Does nothing where the processor's means for it can't
/// be reached.
/// </summary>
internal static unsafe class Prefetch
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Of<T>(ref readonly T place)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.AsRef(in place)));
        }
    }
}
