namespace BoundedCache.Tests.Support;

/// <summary>Tests that measure the whole process, which nothing else may run in meanwhile.</summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
