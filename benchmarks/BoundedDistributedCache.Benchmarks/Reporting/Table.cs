using System.Text;

namespace BoundedCache.Benchmarks.Reporting;

/// <summary>A Markdown table whose columns are as wide as they need to be, so that it reads well on a terminal too.</summary>
internal sealed class Table(params string[] header)
{
    private readonly List<string[]> _rows = [];

    public Table Row(params string[] cells)
    {
        if (cells.Length != header.Length)
        {
            throw new ArgumentException($"A row has {header.Length} cells, this one {cells.Length}.", nameof(cells));
        }

        _rows.Add(cells);
        return this;
    }

    public override string ToString()
    {
        int[] widths = [.. header.Select((title, column) => Math.Max(3, _rows.Select(row => row[column].Length).Append(title.Length).Max()))];
        StringBuilder text = new();
        Append(header);
        Append([.. widths.Select(width => new string('-', width))]);
        _rows.ForEach(Append);
        return text.ToString();

        void Append(string[] cells) => text.AppendLine($"| {string.Join(" | ", cells.Select((cell, column) => cell.PadRight(widths[column])))} |");
    }
}
