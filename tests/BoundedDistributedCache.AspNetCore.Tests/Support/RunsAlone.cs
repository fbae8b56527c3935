namespace BoundedCache.AspNetCore.Tests.Support;

/// <summary>Tests that take the whole machine, which nothing else may run beside.</summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
