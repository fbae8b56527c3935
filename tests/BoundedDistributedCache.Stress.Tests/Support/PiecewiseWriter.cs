using System.Buffers;

namespace BoundedCache.Stress.Tests.Support;

/// <summary>Takes a value in small pieces and takes its time in between, so that one that changes meanwhile is torn.</summary>
internal sealed class PiecewiseWriter : IBufferWriter<byte>
{
    private const int LongestPiece = 64;
    private const int PiecesPerYield = 1_000;

    private byte[] _written = new byte[LongestPiece];
    private int _length;
    private int _pieces;

    public ReadOnlySpan<byte> Written => _written.AsSpan(0, _length);

    public void Clear() => _length = 0;

    public void Advance(int count)
    {
        _length += count;
        if (++_pieces % PiecesPerYield == 0)
        {
            Thread.Yield();
        }
        else if (_length < LongestPiece * 8)
        {
            Thread.SpinWait(50);
        }
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => Room(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => Room(sizeHint).Span;

    private Memory<byte> Room(int sizeHint)
    {
        // The larger a value, the larger its later pieces.
        int piece = Math.Max(Math.Max(sizeHint, LongestPiece), _length / 8);
        if (_written.Length - _length < piece)
        {
            Array.Resize(ref _written, Math.Max(_written.Length * 2, _length + piece));
        }

        return _written.AsMemory(_length, piece);
    }
}
