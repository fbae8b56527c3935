using System.Text.RegularExpressions;
using BoundedCache.Browser.Tests.Support;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace BoundedCache.Browser.Tests;

/// <summary>The dashboard of the running sample in a real browser, under the sample's strict content security policy.</summary>
public sealed partial class DashboardTests
{
    [Fact]
    public async Task ChartsMoveUnderLoad()
    {
        await using var visit = await Visit.BeginAsync();
        await visit.LetVisitorsInAsync();
        await visit.WatchCachesAsync();
        var hits = visit.Page.Locator("#requests-chart .s-teal b");

        // What the chart says of its last point, and that it is drawn above the axis.
        await Expect(hits).ToHaveTextAsync(SomeNumber());
        await visit.Page.WaitForFunctionAsync(
            "() => { const line = document.querySelector('#requests-chart g.s-teal .line'); return line && line.getBBox().height > 1; }");
        await Expect(visit.Page.Locator("#requests")).ToHaveTextAsync(SomePerSecond());
        await Expect(visit.Page.Locator("#ratio")).ToHaveTextAsync(SomePercent());
        await Expect(visit.Page.Locator("#entries-chart .line")).ToHaveCountAsync(1);
        visit.AssertNoComplaints();
    }

    [Fact, Trait("Run", "full")]
    public async Task TenantsSortByEachColumnWithTheKeyboard()
    {
        await using var visit = await Visit.BeginAsync();
        await visit.LetVisitorsInAsync();
        await visit.WatchCachesAsync();
        var rows = visit.Page.Locator("#tenants tbody tr");
        await Expect(rows).ToHaveCountAsync(3);
        var heads = visit.Page.Locator("#tenants th");
        await Expect(heads.Nth(2)).ToHaveAttributeAsync("aria-sort", "descending");

        await heads.Nth(0).GetByRole(AriaRole.Button).FocusAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        Assert.Equal(["garden", "kitchen", "study"], await FirstCellsAsync(rows));
        await Expect(heads.Nth(0)).ToHaveAttributeAsync("aria-sort", "ascending");

        await visit.Page.Keyboard.PressAsync("Space");
        Assert.Equal(["study", "kitchen", "garden"], await FirstCellsAsync(rows));
        await Expect(heads.Nth(0)).ToHaveAttributeAsync("aria-sort", "descending");

        await visit.Page.Keyboard.PressAsync("Tab");
        await visit.Page.Keyboard.PressAsync("Enter");
        await Expect(heads.Nth(1)).ToHaveAttributeAsync("aria-sort", "descending");
        await Expect(visit.Page.Locator("#tenants th[aria-sort]")).ToHaveCountAsync(1);
        await Expect(rows.First).ToContainTextAsync("kitchen60 of 60"); // The largest limit, and it is full.
        visit.AssertNoComplaints();
    }

    [Fact, Trait("Run", "full")]
    public async Task AnotherCacheCanBeChosenAndIsKeptInTheAddress()
    {
        await using var visit = await Visit.BeginAsync();
        await visit.WatchCachesAsync();

        await visit.Page.GetByLabel("Cache", new() { Exact = true }).SelectOptionAsync("sessions");
        await Expect(visit.Page.Locator("#entries-note")).ToContainTextAsync("of 45,000");

        await visit.Page.ReloadAsync();
        await Expect(visit.Page.Locator("#entries-note")).ToContainTextAsync("of 45,000");
        visit.AssertNoComplaints();
    }

    [Fact, Trait("Run", "full")]
    public async Task AnUnusedCacheSaysSoInPlaceOfFigures()
    {
        await using var visit = await Visit.BeginAsync();
        await visit.WatchCachesAsync();
        await visit.Page.GetByLabel("Cache", new() { Exact = true }).SelectOptionAsync("sessions");

        await Expect(visit.Page.Locator("#ratio")).ToHaveTextAsync("–");
        await Expect(visit.Page.Locator("#ratio-note")).ToHaveTextAsync("No requests yet");
        await Expect(visit.Page.Locator("#ratio-chart .waiting")).ToHaveTextAsync("No requests");
        await Expect(visit.Page.Locator("#tenants-note")).ToHaveTextAsync("No tenant holds entries here.");
        await Expect(visit.Page.Locator("body")).Not.ToContainTextAsync(NotANumber());
        visit.AssertNoComplaints();
    }

    [Fact, Trait("Run", "full")]
    public async Task PauseHoldsThePageStill()
    {
        await using var visit = await Visit.BeginAsync();
        await visit.LetVisitorsInAsync();
        await visit.WatchCachesAsync();

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Paused");
        var held = await visit.Page.Locator("#totals").TextContentAsync();
        var line = visit.Page.Locator("#entries-chart .line").First;
        var drawn = await line.GetAttributeAsync("d");
        await visit.SampleArrivesAsync(2);
        await visit.Page.Locator("#entries-chart svg").HoverAsync(); // Draws it anew, as sorting does the page.
        await visit.Page.Locator("#tenants th button").First.ClickAsync();
        await Expect(visit.Page.Locator("#entries-chart .legend span").Last).ToBeHiddenAsync(); // The pointer has left.
        Assert.Equal(held, await visit.Page.Locator("#totals").TextContentAsync());
        Assert.Equal(drawn, await line.GetAttributeAsync("d"));

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await Expect(visit.Page.Locator("#totals")).Not.ToHaveTextAsync(held!);
        await Expect(visit.Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Live");
        visit.AssertNoComplaints();
    }

    [Fact, Trait("Run", "full")]
    public async Task ChartsAreReadWithTheKeyboardToo()
    {
        await using var visit = await Visit.BeginAsync();
        await visit.WatchCachesAsync();
        await visit.SampleArrivesAsync(3);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();

        await visit.Page.Locator("#entries-chart svg").FocusAsync();
        await visit.Page.Keyboard.PressAsync("ArrowLeft");
        await Expect(visit.Page.Locator("#told")).ToHaveTextAsync(AgoWithEntries());
        var newest = await visit.Page.Locator("#told").TextContentAsync();
        await visit.Page.Keyboard.PressAsync("ArrowLeft");
        await Expect(visit.Page.Locator("#told")).Not.ToHaveTextAsync(newest!);
        visit.AssertNoComplaints();
    }

    [Fact, Trait("Run", "full")]
    public async Task AnAddressThatWasCutOffShowsTheFirstCache()
    {
        await using var visit = await Visit.BeginAsync();

        await visit.Page.GotoAsync("/cache#%");

        await Expect(visit.Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Live");
        await Expect(visit.Page.Locator("#entries-note")).ToContainTextAsync("of 120");
        visit.AssertNoComplaints();
    }

    [Fact, Trait("Run", "full")]
    public async Task ALostConnectionIsToldAndFoundAgain()
    {
        await using var visit = await Visit.BeginAsync();
        await visit.WatchCachesAsync();

        await visit.Sample.DisposeAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("Connection lost at");
        await using var again = RunningSample.Open(visit.Sample.Address.Port);

        await Expect(visit.Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Live");
    }

    [Fact, Trait("Run", "full")]
    public async Task ThePagesOfTheShopsObeyThePolicyToo()
    {
        await using var visit = await Visit.BeginAsync();

        foreach (var path in new[] { "/", "/kitchen", "/kitchen/products/3", "/kitchen/cart" })
            Assert.Equal(200, (await visit.Page.GotoAsync(path, new() { WaitUntil = WaitUntilState.NetworkIdle }))!.Status);

        visit.AssertNoComplaints();
    }

    /// <summary>And leaves a picture of each in <c>screenshots</c> beside the tests.</summary>
    [Theory, Trait("Run", "full")]
    [InlineData(ColorScheme.Light, false)]
    [InlineData(ColorScheme.Dark, false)]
    [InlineData(ColorScheme.Light, true)]
    [InlineData(ColorScheme.Dark, true)]
    public async Task HasNoSeriousAccessibilityViolation(ColorScheme scheme, bool isPhone)
    {
        await using var visit = isPhone
            ? await Visit.BeginAsync(scheme, 390, 844, isPhone: true)
            : await Visit.BeginAsync(scheme);
        await visit.LetVisitorsInAsync();
        await visit.WatchCachesAsync();
        await Expect(visit.Page.Locator("#tenants tbody tr")).ToHaveCountAsync(3);
        await visit.SampleArrivesAsync(12);

        var folder = Path.Combine(AppContext.BaseDirectory, "screenshots");
        var name = $"{(isPhone ? "phone" : "desktop")}-{(scheme == ColorScheme.Dark ? "dark" : "light")}.png";
        await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, name), FullPage = true });
        var result = await visit.Page.RunAxe();

        Assert.Empty(result.Violations
            .Where(violation => violation.Impact is "serious" or "critical")
            .Select(violation => $"{violation.Id}: {violation.Help} ({string.Join("; ", violation.Nodes.Select(node => node.Html))})"));
        Assert.True(
            await visit.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"),
            "The page scrolls sideways.");
        visit.AssertNoComplaints();
    }

    private static async Task<IEnumerable<string>> FirstCellsAsync(ILocator rows) =>
        await rows.Locator("th").AllTextContentsAsync();

    [GeneratedRegex("^[1-9][0-9.,]*/s$")]
    private static partial Regex SomePerSecond();

    [GeneratedRegex("^[1-9][0-9.,]*$")]
    private static partial Regex SomeNumber();

    [GeneratedRegex("^[1-9][0-9.]*\\s%$")]
    private static partial Regex SomePercent();

    [GeneratedRegex("^\\d+\\s(µs|s) ago, Entries [0-9]+$")]
    private static partial Regex AgoWithEntries();

    [GeneratedRegex("NaN|undefined|null|Infinity")]
    private static partial Regex NotANumber();
}
