namespace BoundedCache.Redis;

internal enum OperationKind
{
    Read,
    Write,
    Remove,
    Renew,
    Publish,
    Scan,
}
