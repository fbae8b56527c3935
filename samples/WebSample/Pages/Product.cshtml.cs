using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using WebSample.Catalogue;

namespace WebSample.Pages;

public sealed class ProductModel(CachedCatalogue catalogue) : PageModel
{
    public const int HighestPrice = 999;

    public Answer<Product?> Answer { get; private set; } = null!;

    public async Task<IActionResult> OnGetAsync(int id)
    {
        Answer = await catalogue.GetProductAsync(id, HttpContext.RequestAborted);
        return Answer.Value is null ? NotFound() : Page();
    }

    public async Task<IActionResult> OnPostPriceAsync(int id, string? price)
    {
        // Fields of numbers send a point, whatever the culture.
        if (!decimal.TryParse(price, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || value > HighestPrice)
            return BadRequest();

        return await catalogue.ChangePriceAsync(id, value, HttpContext.RequestAborted)
            ? RedirectToPage("/Product", pageHandler: "", new { id })
            : NotFound();
    }
}
