using Microsoft.Extensions.Logging;

namespace BoundedCache.AspNetCore.Dashboard;

/// <summary>What the dashboard tells. Event ids are stable and begin at 200.</summary>
internal static partial class DashboardLog
{
    [LoggerMessage(200, LogLevel.Warning, "The cache dashboard is closed and refused a request ({Endpoint}): outside Development its endpoints must require authorization. Call RequireAuthorization(policy) on what MapBoundedCacheDashboard returns, or on its group, have app.UseAuthorization() stand after app.UseRouting(), and put no AllowAnonymous beside it; or, if everybody who reaches the application may see names of caches and tenants, set BoundedCacheDashboardOptions.AllowAnonymousAccess. This is told once; later requests are refused silently.")]
    internal static partial void DashboardClosed(this ILogger logger, string endpoint);

    [LoggerMessage(201, LogLevel.Error, "The cache dashboard could not read the caches. Its streams end; browsers connect anew. This is not told again until it could.")]
    internal static partial void DashboardSampleFailed(this ILogger logger, Exception exception);
}
