using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BoundedCache.AspNetCore.Dashboard;

/// <summary>
/// Whether a request may see the dashboard. What a policy demands is for the authorization middleware; this looks whether
/// there is a policy, and whether it was enforced.
/// </summary>
internal sealed class DashboardAccess(bool isOpenToAnybody, ILogger logger)
{
    // Set by the authorization middleware once it has met the endpoint; routing goes by it too. Were it to change, the
    // dashboard would stay closed.
    private const string AuthorizationRan = "__AuthorizationMiddlewareWithEndpointInvoked";

    private int _toldOfRefusal;

    public bool Allows(HttpContext context)
    {
        if (isOpenToAnybody || IsAuthorized(context))
            return true;

        if (Interlocked.Exchange(ref _toldOfRefusal, 1) == 0)
            logger.DashboardClosed(context.GetEndpoint()?.DisplayName ?? "");
        return false;
    }

    // A fallback policy is in no endpoint's metadata, and so does not count.
    private static bool IsAuthorized(HttpContext context) =>
        context.GetEndpoint()?.Metadata is { } metadata
        && (metadata.GetMetadata<IAuthorizeData>() is not null
            || metadata.GetMetadata<AuthorizationPolicy>() is not null
            || metadata.GetMetadata<IAuthorizationRequirementData>() is not null)
        && metadata.GetMetadata<IAllowAnonymous>() is null
        && context.Items.ContainsKey(AuthorizationRan);
}
