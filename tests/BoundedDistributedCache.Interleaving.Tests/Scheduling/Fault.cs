namespace BoundedCache;

/// <summary>The known-bad variants that <c>Faults.targets</c> compiles in.</summary>
internal enum Fault
{
    None,
    MissByTable,
    LastAccessStored,
    LastAccessLowered,
    ExpiredWithoutSecondWalk,
    VictimByStamp,
    ClaimOmitted,
    TenantClaimOmitted,
    OwnKeyAsVictim,
    OwnKeyOnProbationAsVictim,
    VisitsWithoutEnd,
    RetiredWhileHeld,
    RoomTakenBlindly,
    EntriesKeptWithoutBytes,
    RemovalUpwards,
    MovesUnnoticed,
    OverwriteOfWhatLeft,
    ValueAfterItsCharge,
}
