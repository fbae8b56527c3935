using System.Numerics;

namespace BoundedCache.Storage;

/// <summary>
/// The hashes of a shard's entries that went while they were on probation: of the last, as many as nine tenths of the
/// entries that are held. All members are for the holder of the shard's lock.
/// </summary>
/// <remarks>
/// A ring of hashes, each of which knows the one before it in the same bucket, and the newest of each bucket. What is
/// overwritten is not taken out of its chain: on the way along a chain ages rise, so where they don't, the chain has
/// ended. Two keys of one hash are taken for one another, which costs a little order and nothing else.
/// </remarks>
internal sealed class GhostRing
{
    private const int LongestWalk = 32;
    private const int Longest = ushort.MaxValue;

    private int[] _hashes = [];

    // Places in the ring, counted from 1; 0 is none.
    private ushort[] _before = [];
    private ushort[] _newest = [];
    private int _next;
    private int _count;

    /// <summary>How many of the last are remembered beside so many entries.</summary>
    public static int LengthBeside(int entries) => (int)(entries * 9L / 10);

    /// <summary>Makes room for what is remembered beside so many entries. Without memory for it, fewer are.</summary>
    public void EnsureCapacity(int entries)
    {
        int length = Math.Min(Longest, LengthBeside(entries));
        if (_hashes.Length < length)
        {
            Resize(Math.Min(Longest, length + (length / 8)));
        }
    }

    /// <summary>Remembers a hash, and no more of the last than are to be remembered beside so many entries.</summary>
    public void Add(int hash, int entries)
    {
        if (_hashes.Length == 0)
        {
            return;
        }

        ref ushort newest = ref NewestLike(hash);
        _hashes[_next] = hash;
        _before[_next] = newest;
        newest = (ushort)++_next;
        if (_next == _hashes.Length)
        {
            _next = 0;
        }

        _count = Math.Min(_count + 1, Math.Min(_hashes.Length, LengthBeside(entries)));
    }

    /// <summary>Whether the hash is among the last that are remembered beside so many entries.</summary>
    public bool Contains(int hash, int entries)
    {
        if (_count == 0)
        {
            return false;
        }

        int remembered = Math.Min(_count, LengthBeside(entries));
        int lastAge = -1;
        int place = NewestLike(hash);
        for (int walked = 0; place != 0 && walked < LongestWalk; walked++)
        {
            int age = _next - place;
            age += age < 0 ? _hashes.Length : 0;
            if (age <= lastAge || age >= remembered)
            {
                return false;
            }

            if (_hashes[place - 1] == hash)
            {
                return true;
            }

            lastAge = age;
            place = _before[place - 1];
        }

        return false;
    }

    /// <summary>Forgets what is not to be remembered beside so many entries, and gives memory back where it is far more.</summary>
    public void Trim(int entries)
    {
        int length = LengthBeside(entries);
        _count = Math.Min(_count, length);
        if (length < _hashes.Length / 4)
        {
            Resize(length);
        }
    }

    private ref ushort NewestLike(int hash) => ref _newest[hash & (_newest.Length - 1)];

    /// <summary>Keeps the last that fit; without memory all stays as it is.</summary>
    private void Resize(int length)
    {
        GhostRing resized = new();
        try
        {
            if (length > 0)
            {
                resized._hashes = new int[length];
                resized._before = new ushort[length];
                resized._newest = new ushort[Math.Max(1, BitOperations.RoundUpToPowerOf2((uint)length) / 2)];
            }
        }
        catch (OutOfMemoryException)
        {
            return;
        }

        for (int age = Math.Min(_count, length) - 1; age >= 0; age--)
        {
            int at = _next - 1 - age;
            resized.Add(_hashes[at < 0 ? at + _hashes.Length : at], int.MaxValue);
        }

        (_hashes, _before, _newest, _next, _count) =
            (resized._hashes, resized._before, resized._newest, resized._next, resized._count);
    }
}
