using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Xml.Linq;

namespace BoundedCache.Packages.Tests.Support;

/// <summary>A package, opened.</summary>
internal sealed class Package(string file) : IDisposable
{
    private readonly ZipArchive _archive = ZipFile.OpenRead(file);

    public IEnumerable<string> Files => _archive.Entries.Select(entry => entry.FullName);

    /// <summary>The elements of what describes the package, without their namespace.</summary>
    public XElement Metadata
    {
        get
        {
            var root = XDocument.Parse(ReadText(Files.Single(name => name.EndsWith(".nuspec", StringComparison.Ordinal)))).Root!;
            foreach (var element in root.DescendantsAndSelf())
                element.Name = element.Name.LocalName;
            return root.Element("metadata")!;
        }
    }

    public byte[] Read(string name)
    {
        using var content = (_archive.GetEntry(name) ?? throw new InvalidOperationException($"The package has no '{name}', but {string.Join(", ", Files)}.")).Open();
        using var copy = new MemoryStream();
        content.CopyTo(copy);
        return copy.ToArray();
    }

    public string ReadText(string name)
    {
        using var reader = new StreamReader(new MemoryStream(Read(name)), Encoding.UTF8);
        return reader.ReadToEnd();
    }

    public PEReader ReadAssembly(string name) => new(new MemoryStream(Read(name)));

    public MetadataReaderProvider ReadSymbols(string name) => MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(Read(name)));

    public void Dispose() => _archive.Dispose();
}
