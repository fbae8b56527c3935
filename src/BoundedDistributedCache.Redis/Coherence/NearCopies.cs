using System.Runtime.CompilerServices;
using BoundedCache.Expiration;
using BoundedCache.Storage;

namespace BoundedCache.Redis;

/// <summary>The copies in the memory of this node: finds those that may be served, keeps new ones, drops what may be out of date.</summary>
/// <remarks>
/// <para>
/// A copy is served if it was confirmed less than some age ago, in the generation that is current. It was confirmed when what
/// it copies was asked for or written, not when the answer came. Readers look at the entry and at two numbers that hardly
/// ever change; nothing that is written for another key is in their way.
/// </para>
/// <para>
/// So a copy that may be out of date must not be found. Whoever learns of a change first advances the key's version, then
/// removes what is there, under its shard's lock. Whoever keeps a copy first links it, under the same lock, then looks
/// whether its ticket is still current (<see cref="CopyVersions"/>), and only then confirms it. If the removal held the lock
/// first, the advance is seen, and the copy is never confirmed; if it came later, it found the copy and took it out. Where
/// it found no shard to lock, that shard was published after the advance, and whoever links there sees the advance too. An
/// entry that was taken out is never linked again: who found it before began before the removal ended, so before the write
/// was acknowledged, or the message dealt with.
/// </para>
/// <para>
/// What may have changed all keys advances the generation, which readers compare themselves: at once nothing from before is
/// served, though it is still there. Any thread may call any member at any time.
/// </para>
/// </remarks>
internal sealed class NearCopies(BoundedDistributedCache near, TierStatus status, TimeSpan longestAge)
{
    // What a note takes in an entry beyond that of an entry which expires.
    private const int NoteSize = 24;

    private readonly CacheClock _clock = near.Clock;
    private readonly CopyVersions _versions = new(near.MaxEntries);

    internal CopyVersions Versions => _versions;

    /// <summary>The ticket of a fill, to be taken before anything is asked for.</summary>
    internal CopyTicket BeginFill(Partition partition, string key) => _versions.Current(near.HashOf(partition, key));

    /// <summary>The copy of a key, used, if it is not as old as that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Entry? Find(Partition partition, string key, long servableAge)
    {
        var now = _clock.Read();
        var entry = near.UseCopy(partition, key, now);
        if (entry is null)
            return null;
        ref var note = ref CopyNote.Of(entry);
        if (Unsafe.IsNullRef(ref note) || now.Monotonic - note.ConfirmedAt >= servableAge || note.Generation != _versions.Generation)
            return null;
        if (note.Tag is SlidingUse use)
            use.Use(now);
        return entry;
    }

    /// <summary>Keeps what was asked for or written at some time, if nothing happened to the key since its ticket was taken.</summary>
    /// <returns>Whether it is kept. Otherwise there may be another copy, which another ticket allowed.</returns>
    internal bool TryKeep(Partition partition, string key, byte[] value, Deadlines deadlines, SlidingUse? use, CopyTicket ticket, Now confirmed)
    {
        var hash = near.HashOf(partition, key);
        if (!status.KeepsCopies || !_versions.IsCurrent(hash, ticket))
            return false;

        var charge = NoteSize + (use is null ? 0 : SlidingUse.Size + (sizeof(char) * use.Name.Length));
        var kept = near.KeepCopy(
            partition,
            key,
            value,
            deadlines with { Absolute = Math.Min(deadlines.Absolute, confirmed.Utc + longestAge.Ticks) },
            new CopyNote(ticket.Generation, use),
            (charge + 7) & ~7,
            _clock.Read());
        if (kept is null)
            return false;
        if (_versions.IsCurrent(hash, ticket))
        {
            CopyNote.Of(kept).Confirm(confirmed.Monotonic);
            return true;
        }

        near.DropCopy(partition, key);
        return false;
    }

    /// <summary>
    /// Redis was asked at that time, and what it answered is not kept: a copy that was confirmed before must not be served
    /// later instead, when Redis is away.
    /// </summary>
    internal void DropOlder(Partition partition, string key, Now asked)
    {
        if (near.UseCopy(partition, key, asked) is not { } entry)
            return;
        ref var note = ref CopyNote.Of(entry);
        if (!Unsafe.IsNullRef(ref note) && note.ConfirmedAt <= asked.Monotonic)
            near.DropCopy(partition, key);
    }

    /// <summary>Another node, or who knows who, may have changed the key.</summary>
    internal void Drop(Partition partition, string key)
    {
        _versions.Advance(near.HashOf(partition, key));
        near.DropCopy(partition, key);
    }

    /// <summary>The same for all keys, at once.</summary>
    internal void Outdate() => _versions.AdvanceAll();

    /// <summary>Gives back the memory of what was outdated, and of the rest.</summary>
    internal void DropAll()
    {
        _versions.AdvanceAll();
        near.DropCopies();
    }

    /// <summary>The ticket of a write, to be taken before it is sent. What is there is served until the write ends.</summary>
    internal CopyTicket BeginWrite(Partition partition, string key) => _versions.BeginWrite(near.HashOf(partition, key));

    /// <summary>
    /// Ends a write that was acknowledged: from now on nothing from before it is served, and what it wrote is, if nothing else
    /// happened to the key meanwhile.
    /// </summary>
    internal void EndWrite(Partition partition, string key, byte[]? value, Deadlines deadlines, SlidingUse? use, CopyTicket ticket, Now confirmed)
    {
        var isAlone = _versions.TryEndWrite(near.HashOf(partition, key), ticket, out var ended);
        if (!isAlone || value is null || !TryKeep(partition, key, value, deadlines, use, ended, confirmed))
            near.DropCopy(partition, key);
    }
}
