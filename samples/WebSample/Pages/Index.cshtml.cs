using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using WebSample.Crowds;

namespace WebSample.Pages;

public sealed class IndexModel(StrollingVisitors visitors) : PageModel
{
    public IActionResult OnPostVisitors()
    {
        visitors.LetIn();
        return RedirectToPage("/Index");
    }
}
