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
internal sealed class LongFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : FactAttribute(file, line);
#endif

/// <summary>The same of a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
#if MUTATION
internal sealed class LongTheoryAttribute : Attribute;
#else
internal sealed class LongTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : TheoryAttribute(file, line);
#endif
