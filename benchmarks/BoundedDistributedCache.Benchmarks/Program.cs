using System.Globalization;
using BoundedCache.Benchmarks;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
return Commands.Run(args, Console.Out, Console.Error);
