namespace BoundedCache.Storage;

/// <summary>
/// A compiled pattern over keys: <c>*</c> stands for any run of UTF-16 units, also an empty one,
/// <c>?</c> for exactly one; everything else is compared ordinally. Immutable, so safe for any number of threads.
/// </summary>
/// <remarks>
/// The pieces between stars are looked for from left to right, each at the first place where it fits: an earlier
/// place leaves more of the key to the pieces that follow, so there is never a reason to go back. No position of the
/// key is therefore tried as the start of more than one piece, and a match costs at most the key's length times the
/// longest piece's in comparisons, whatever the number of stars. Matching allocates nothing.
/// </remarks>
internal sealed class KeyPattern
{
    private readonly Piece _head;
    private readonly Piece[] _middle;
    private readonly Piece? _tail; // null: the pattern has no star
    private readonly int _minLength;

    public KeyPattern(string pattern)
    {
        var pieces = Array.ConvertAll(pattern.Split('*'), static text => new Piece(text));
        _head = pieces[0];
        _tail = pieces.Length > 1 ? pieces[^1] : null;
        _middle = pieces.Length > 2 ? Array.FindAll(pieces[1..^1], static piece => piece.Length > 0) : [];
        _minLength = pieces.Sum(static piece => piece.Length);
    }

    public bool Matches(ReadOnlySpan<char> key)
    {
        if (key.Length < _minLength)
            return false;
        if (_tail is null)
            return key.Length == _minLength && _head.Fits(key);
        if (!_head.Fits(key[.._head.Length]) || !_tail.Fits(key[^_tail.Length..]))
            return false;

        var rest = key[_head.Length..^_tail.Length];
        foreach (var piece in _middle)
        {
            var at = piece.IndexIn(rest);
            if (at < 0)
                return false;
            rest = rest[(at + piece.Length)..];
        }
        return true;
    }

    /// <summary>What stands between two stars: literal units and question marks.</summary>
    private sealed class Piece
    {
        private readonly string _text;
        private readonly string _literal; // the longest run without '?', which a vectorised search looks for
        private readonly int _literalAt;

        public Piece(string text)
        {
            _text = text;
            _literal = text.Split('?').MaxBy(static run => run.Length)!;
            _literalAt = text.IndexOf(_literal, StringComparison.Ordinal);
        }

        public int Length => _text.Length;

        public bool Fits(ReadOnlySpan<char> key)
        {
            if (_literal.Length == _text.Length)
                return key.SequenceEqual(_text);
            for (var i = 0; i < key.Length; i++)
            {
                if (_text[i] != '?' && _text[i] != key[i])
                    return false;
            }
            return true;
        }

        public int IndexIn(ReadOnlySpan<char> key)
        {
            var last = key.Length - Length;
            for (var at = 0; at <= last; at++)
            {
                var skipped = key[(at + _literalAt)..(last + _literalAt + _literal.Length)].IndexOf(_literal);
                if (skipped < 0)
                    return -1;
                at += skipped;
                if (Fits(key.Slice(at, Length)))
                    return at;
            }
            return -1;
        }
    }
}
