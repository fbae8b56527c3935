using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace BoundedCache.Browser.Tests.Support;

/// <summary>A visit of the running sample with a browser window of its own.</summary>
internal sealed class Visit : IAsyncDisposable
{
    private readonly List<string> _complaints = [];
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Visit(RunningSample sample, IPlaywright playwright, IBrowser browser, IPage page)
    {
        Sample = sample;
        _playwright = playwright;
        _browser = browser;
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                Complain(message.Text);
        };
        page.PageError += (_, error) => Complain(error);
    }

    public RunningSample Sample { get; }

    public IPage Page { get; }

    public static async Task<Visit> BeginAsync(ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 900, bool isPhone = false)
    {
        var sample = RunningSample.Open();
        var playwright = await Playwright.CreateAsync();
        var browser = await Chromium.LaunchAsync(playwright);
        var context = await browser.NewContextAsync(new()
        {
            BaseURL = sample.Address.ToString(),
            ColorScheme = scheme,
            ViewportSize = new() { Width = width, Height = height },
            IsMobile = isPhone,
            HasTouch = isPhone,
            DeviceScaleFactor = isPhone ? 2 : 1,
        });
        SetDefaultExpectTimeout(30_000);
        var visit = new Visit(sample, playwright, browser, await context.NewPageAsync());
        await visit.Page.ExposeFunctionAsync("tellOfViolation", (string what) => visit.Complain(what));
        await visit.Page.AddInitScriptAsync(
            "addEventListener('securitypolicyviolation', e => tellOfViolation(`${e.violatedDirective} forbids ${e.blockedURI} at ${e.sourceFile}:${e.lineNumber}`))");
        return visit;
    }

    /// <summary>Presses the load button of the sample, as a newcomer does.</summary>
    public async Task LetVisitorsInAsync()
    {
        await Page.GotoAsync("/");
        await Page.GetByRole(AriaRole.Button, new() { Name = "Let visitors in" }).ClickAsync();
        await Expect(Page.Locator("[data-test=strolling]")).ToBeVisibleAsync();
    }

    /// <summary>Opens the page about the caches and waits until it is live.</summary>
    public async Task WatchCachesAsync()
    {
        var answer = await Page.GotoAsync("/cache");
        Assert.Equal(200, answer!.Status);
        Assert.Contains("default-src 'none'", await answer.HeaderValueAsync("content-security-policy"));
        await Expect(Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Live");
    }

    /// <summary>Waits until the page was sent so many samples more.</summary>
    public async Task SampleArrivesAsync(int samples)
    {
        // The caches' own stream, listened to beside the page, ticks in step with it.
        await Page.EvaluateAsync(
            """
            samples => new Promise(done => {
                const events = new EventSource('/cache/events');
                events.onmessage = () => { if (samples-- === 0) { events.close(); done(); } };
            })
            """,
            samples);
    }

    /// <summary>The browser told of no error, and of nothing that the policy forbids.</summary>
    public void AssertNoComplaints()
    {
        lock (_complaints)
            Assert.Empty(_complaints);
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
        await Sample.DisposeAsync();
    }

    private void Complain(string what)
    {
        lock (_complaints)
            _complaints.Add(what);
    }
}
