namespace WebSample.Catalogue;

/// <summary>The upstream gave no usable answer, retries included.</summary>
public sealed class CatalogueUnavailableException : Exception
{
    public CatalogueUnavailableException()
        : this("The catalogue does not answer.")
    {
    }

    public CatalogueUnavailableException(string message)
        : base(message)
    {
    }

    public CatalogueUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
