using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class TenantMembersTests
{
    private TenantMembers _members = new();

    [Fact]
    public void WhatLeavesIsReplacedByTheLast()
    {
        Add(6);

        Assert.Equal(5, _members.RemoveAt(1));
        Assert.Equal(-1, _members.RemoveAt(4));

        Assert.Equal([0, 5, 2, 3], Enumerable.Range(0, _members.Count).Select(i => _members[i]));
    }

    [Fact]
    public void WhereThereIsRoomMakingSureOfItAllocatesNothing()
    {
        Add(6);

        Assert.Equal(0, Allocated.By(() => _members.EnsureRoom()));
    }

    // The first chunk has four.
    [Fact]
    public void ComingAndGoingAtAChunksEdgeAllocatesNothing()
    {
        Add(5);

        Assert.Equal(0, Allocated.By(() =>
        {
            Remove(2);
            Add(2);
        }));
    }

    [Fact]
    public void ChunksThatRanEmptyAreGivenBack()
    {
        Add(1_000);
        Remove(1_000);

        Assert.InRange(Allocated.By(() =>
        {
            Add(1_000);
            Remove(1_000);
        }), 900 * sizeof(long), long.MaxValue);
    }

    private void Add(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _members.EnsureRoom();
            _members.Add(_members.Count);
        }
    }

    private void Remove(int count)
    {
        for (var i = 0; i < count; i++)
            _members.RemoveAt(_members.Count - 1);
    }
}
