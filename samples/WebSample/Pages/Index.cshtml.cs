using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using WebSample.Catalogue;

namespace WebSample.Pages;

public sealed class IndexModel(CachedCatalogue catalogue) : PageModel
{
    public Answer<ProductList?> Answer { get; private set; } = null!;

    public async Task<IActionResult> OnGetAsync(int number = 1)
    {
        Answer = await catalogue.GetListAsync(number, HttpContext.RequestAborted);
        return Answer.Value is null ? NotFound() : Page();
    }
}
