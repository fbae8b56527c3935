using System.Net;

namespace WebSample.Tests;

public sealed class CartTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task IsKeptOverTenRequestsWithACookie()
    {
        await using var shop = RunningShop.Open(("Upstream:Delay", "00:00:00"));
        using var visitor = shop.Enter();
        var afterAdding = await visitor.AddToCartAsync("kitchen", 3, Cancelled);
        Assert.Equal(HttpStatusCode.OK, afterAdding.Status);

        for (var request = 1; request <= 10; request++)
        {
            var page = await visitor.ReadAsync($"/kitchen/{1 + (request % 5)}", Cancelled);
            Assert.Equal(1, page.PiecesInCart);
        }

        Assert.Contains("data-product=\"3\"", (await visitor.ReadAsync("/kitchen/cart", Cancelled)).Html);
    }

    [Fact]
    public async Task CountsThePiecesOfAProductThatIsAddedAgain()
    {
        await using var shop = RunningShop.Open(("Upstream:Delay", "00:00:00"));
        using var visitor = shop.Enter();

        await visitor.AddToCartAsync("kitchen", 3, Cancelled);
        var cart = await visitor.AddToCartAsync("kitchen", 3, Cancelled);

        Assert.Equal(2, cart.PiecesInCart);
        Assert.Contains("<small>2 ×", cart.Html);
    }

    [Fact]
    public async Task IsTheVisitorsOwn()
    {
        await using var shop = RunningShop.Open(("Upstream:Delay", "00:00:00"));
        using var first = shop.Enter();
        using var second = shop.Enter();

        await first.AddToCartAsync("kitchen", 3, Cancelled);

        Assert.Equal(0, (await second.ReadAsync("/kitchen/cart", Cancelled)).PiecesInCart);
    }

    [Fact]
    public async Task OutlivesAFloodOfProductPages()
    {
        await using var shop = RunningShop.Open(("Upstream:Delay", "00:00:00"), ("Cache:MaxEntries", "4"));
        using var visitor = shop.Enter();
        using var crowd = shop.Enter();
        await visitor.AddToCartAsync("kitchen", 3, Cancelled);

        for (var product = 20; product < 60; product++)
            await crowd.ReadAsync($"/kitchen/products/{product}", Cancelled);

        Assert.Equal(1, (await visitor.ReadAsync("/kitchen/cart", Cancelled)).PiecesInCart);
    }

    [Fact]
    public async Task TakesNoFormWithoutItsAntiforgeryToken()
    {
        await using var shop = RunningShop.Open(("Upstream:Delay", "00:00:00"));
        using var visitor = shop.Enter();
        using var form = new FormUrlEncodedContent([new("id", "3")]);

        using var response = await visitor.Http.PostAsync(new Uri("/kitchen/cart?handler=Add", UriKind.Relative), form, Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(0, (await visitor.ReadAsync("/kitchen/cart", Cancelled)).PiecesInCart);
    }

    [Fact]
    public async Task TakesNoProductThatDoesNotExist()
    {
        await using var shop = RunningShop.Open(("Upstream:Delay", "00:00:00"));
        using var visitor = shop.Enter();
        await visitor.AddToCartAsync("kitchen", 3, Cancelled);

        var page = await visitor.ReadAsync("/kitchen/products/100000", Cancelled);

        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        Assert.Contains("href=\"/kitchen\"", page.Html);
        Assert.Equal(1, (await visitor.ReadAsync("/kitchen/cart", Cancelled)).PiecesInCart);
    }
}
