using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using WebSample.Catalogue;

namespace WebSample.Pages;

public sealed class ProductModel(CachedCatalogue catalogue) : PageModel
{
    public Answer<Product?> Answer { get; private set; } = null!;

    public async Task<IActionResult> OnGetAsync(int id)
    {
        Answer = await catalogue.GetProductAsync(id, HttpContext.RequestAborted);
        return Answer.Value is null ? NotFound() : Page();
    }
}
