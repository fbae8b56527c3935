namespace WebSample;

/// <summary>The strictest policy that the shops and the page about the caches need: nothing inline, nothing from elsewhere.</summary>
internal static class ContentSecurityPolicy
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public static void UseStrictContentSecurityPolicy(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        context.Response.Headers.ContentSecurityPolicy = Policy;
        return next(context);
    });
}
