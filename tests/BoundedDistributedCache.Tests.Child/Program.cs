using BoundedCache.Storage;
using BoundedCache.Tests.Child;

switch (args)
{
    case ["hash", var key]:
        Console.WriteLine(KeyHasher.WithRandomSeed().Hash(Partition.Host, key));
        Console.WriteLine(new Partition(key).Seed);
        return 0;

    case ["shortage", var kind, var seconds, var seed, .. var places]:
        return ShortageReport.Run(
            Enum.Parse<ShortageKind>(kind),
            TimeSpan.FromSeconds(int.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture)),
            int.Parse(seed, System.Globalization.CultureInfo.InvariantCulture),
            places);

    default:
        Console.Error.WriteLine("usage: hash KEY | shortage KIND SECONDS SEED PLACE...");
        return 2;
}
