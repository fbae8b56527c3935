using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using WebSample.Cart;
using WebSample.Catalogue;

namespace WebSample.Pages;

public sealed class CartModel(CachedCatalogue catalogue) : PageModel
{
    public ShoppingCart Cart { get; private set; } = null!;

    public async Task OnGetAsync() => Cart = await ShoppingCart.OpenAsync(HttpContext);

    public async Task<IActionResult> OnPostAddAsync(int id)
    {
        var answer = await catalogue.GetProductAsync(id, HttpContext.RequestAborted);
        if (answer.Value is null)
            return NotFound();

        await (await ShoppingCart.OpenAsync(HttpContext)).AddAsync(answer.Value);
        return RedirectToPage("/Cart", pageHandler: "");
    }

    public async Task<IActionResult> OnPostRemoveAsync(int id)
    {
        await (await ShoppingCart.OpenAsync(HttpContext)).RemoveAsync(id);
        return RedirectToPage("/Cart", pageHandler: "");
    }
}
