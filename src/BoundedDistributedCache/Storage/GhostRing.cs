using System.Numerics;
using System.Runtime.InteropServices;

namespace BoundedCache.Storage;

/// <summary>
/// The hashes of a shard's last victims of one kind. All members are for the holder of the shard's lock, but
/// <see cref="AskFor"/>.
/// </summary>
/// <remarks>
/// A ring of hashes, each of which knows the one before it in the same bucket, and the newest of each bucket. What is
/// overwritten is not taken out of its chain: on the way along a chain ages rise, so where they don't, the chain has
/// ended. Two keys of one hash are taken for one another, which costs a little order and nothing else.
/// </remarks>
internal struct GhostRing
{
    private const int LongestWalk = 32;
    private const int Longest = ushort.MaxValue;

    private Ghost[] _ghosts = [];

    // Places in the ring, counted from 1; 0 is none.
    private ushort[] _newest = [];
    private int _next;
    private int _count;

    public GhostRing()
    {
    }

    /// <summary>Makes room for so many. Without memory for it, fewer are remembered.</summary>
    /// <returns>Whether it took that.</returns>
    public bool EnsureCapacity(int length)
    {
        length = Math.Min(Longest, length);
        bool isShort = _ghosts.Length < length;
        if (isShort)
        {
            Resize(Math.Min(Longest, length + (length / 8)));
        }

        return isShort;
    }

    /// <summary>Remembers a hash, and so many of the last at most.</summary>
    public void Add(int hash, int atMost)
    {
        if (_ghosts.Length == 0)
        {
            return;
        }

        ref ushort newest = ref _newest[BucketOf(hash, _newest)];
        _ghosts[_next] = new Ghost(hash, newest);
        newest = (ushort)++_next;
        if (_next == _ghosts.Length)
        {
            _next = 0;
        }

        _count = Math.Min(_count + 1, Math.Min(_ghosts.Length, atMost));
    }

    /// <summary>How many came after the hash, where it is among so many of the last; else negative.</summary>
    public readonly int AgeOf(int hash, int atMost)
    {
        int remembered = Math.Min(_count, atMost);
        int lastAge = -1;
        int place = remembered == 0 ? 0 : _newest[BucketOf(hash, _newest)];
        for (int walked = 0; place != 0 && walked < LongestWalk; walked++)
        {
            int age = _next - place;
            age += age < 0 ? _ghosts.Length : 0;
            if (age <= lastAge || age >= remembered)
            {
                break;
            }

            Ghost ghost = _ghosts[place - 1];
            if (ghost.Hash == hash)
            {
                return age;
            }

            lastAge = age;
            place = ghost.Before;
        }

        return -1;
    }

    /// <summary>
    /// Asks for what adding a hash or looking for it touches first. Needs no lock: it reads one reference, once, and goes by
    /// that array's own length.
    /// </summary>
    public readonly void AskFor(int hash)
    {
        ushort[] newest = _newest;
        if (newest.Length > 0)
        {
            Prefetch.Of(in newest[BucketOf(hash, newest)]);
        }
    }

    /// <summary>Asks for what looking for a hash touches then.</summary>
    public readonly void AskForNewest(int hash)
    {
        if (_count > 0 && _newest[BucketOf(hash, _newest)] is > 0 and ushort place)
        {
            Prefetch.Of(in _ghosts[place - 1]);
        }
    }

    /// <summary>Forgets all but so many of the last, and gives memory back where it is far more.</summary>
    public void Trim(int length)
    {
        _count = Math.Min(_count, length);
        if (length < _ghosts.Length / 4)
        {
            Resize(length);
        }
    }

    private static int BucketOf(int hash, ushort[] newest) => hash & (newest.Length - 1);

    /// <summary>Keeps the last that fit; without memory all stays as it is.</summary>
    private void Resize(int length)
    {
        GhostRing resized = new();
        try
        {
            if (length > 0)
            {
                resized._ghosts = new Ghost[length];
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
            resized.Add(_ghosts[at < 0 ? at + _ghosts.Length : at].Hash, length);
        }

        this = resized;
    }

    [StructLayout(LayoutKind.Sequential, Pack = sizeof(ushort))]
    private readonly record struct Ghost(int Hash, ushort Before);
}
