using BoundedCache;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using WebSample.Shops;

namespace WebSample.Pages;

/// <summary>What a visitor sees instead of a page that could not be made.</summary>
[IgnoreAntiforgeryToken]
[ResponseCache(NoStore = true, Location = ResponseCacheLocation.None)]
public sealed class ErrorModel : PageModel
{
    public string Heading { get; private set; } = "";

    public string Text { get; private set; } = "";

    /// <summary>The shop whose page it was to be; this one is of no shop.</summary>
    public Shop? Shop { get; private set; }

    public string? RetryPath { get; private set; }

    public void OnGet()
    {
        (Heading, Text) = Response.StatusCode switch
        {
            _ when HttpContext.Features.Get<IExceptionHandlerFeature>()?.Error is RedisTierException =>
                ("Redis does not answer", "Carts are kept there. Until it is back they can't be shown or changed; what was just sent may have been done or not."),
            StatusCodes.Status404NotFound =>
                ("Not found", "There is no such page."),
            StatusCodes.Status400BadRequest =>
                ("That did not work", "The form was too old or incomplete. Go back and send it again."),
            StatusCodes.Status503ServiceUnavailable =>
                ("The catalogue does not answer", "It was asked several times and failed each time. Your cart is safe."),
            _ => ("Something went wrong", "The shop could not make this page. Your cart is safe."),
        };

        var asked = HttpContext.Features.Get<IExceptionHandlerFeature>()?.RouteValues
            ?? HttpContext.Features.Get<IStatusCodeReExecuteFeature>()?.RouteValues;
        Shop = Shop.Find(asked?["tenant"] as string);

        if (Response.StatusCode >= 500 && HttpMethods.IsGet(Request.Method))
            RetryPath = HttpContext.Features.Get<IExceptionHandlerPathFeature>()?.Path;
    }

    public void OnPost() => OnGet();
}
