using System.Runtime.CompilerServices;

namespace BoundedCache.Tests.Support;

/// <summary>
/// A fact that takes its time: many threads, or many rounds of a whole cache. Mutation testing, which repeats the tests
/// thousands of times, goes without.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
#if MUTATION
internal sealed class LongFactAttribute : Attribute;
#else
internal sealed class LongFactAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
    : FactAttribute(sourceFilePath, sourceLineNumber);
#endif

/// <summary>The same of a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
#if MUTATION
internal sealed class LongTheoryAttribute : Attribute;
#else
internal sealed class LongTheoryAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
    : TheoryAttribute(sourceFilePath, sourceLineNumber);
#endif
