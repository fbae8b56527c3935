using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using WebSample.Catalogue;

namespace WebSample.Pages;

public sealed class ProductsModel(CachedCatalogue catalogue) : PageModel
{
    private const int CrowdStartsAt = 11;
    private const int CrowdSize = 80;

    public Answer<ProductList?> Answer { get; private set; } = null!;

    public async Task<IActionResult> OnGetAsync(int number = 1)
    {
        Answer = await catalogue.GetListAsync(number, HttpContext.RequestAborted);
        return Answer.Value is null ? NotFound() : Page();
    }

    /// <summary>A crowd, one visitor for each of many products: more than any shop may keep.</summary>
    public async Task<IActionResult> OnPostCrowdAsync()
    {
        await Task.WhenAll(Enumerable.Range(CrowdStartsAt, CrowdSize)
            .Select(id => catalogue.GetProductAsync(id, HttpContext.RequestAborted)));
        return RedirectToPage("/Index");
    }
}
