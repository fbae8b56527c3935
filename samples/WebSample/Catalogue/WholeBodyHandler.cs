namespace WebSample.Catalogue;

/// <summary>
/// Reads the whole body before the attempt counts as done: a connection is in use until then, and its place in the
/// <see cref="ConnectionLimit"/> and its attempt's time-out have to last as long.
/// </summary>
internal sealed class WholeBodyHandler : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        try
        {
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
