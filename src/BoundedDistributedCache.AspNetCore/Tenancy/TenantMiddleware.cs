using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BoundedCache.AspNetCore.Tenancy;

/// <summary>Runs the rest of the pipeline in the tenant of the request.</summary>
internal sealed class TenantMiddleware(RequestDelegate next, ITenantContext tenants, BoundedCacheTenantRequestOptions options, bool isBeforeRouting)
{
    private const string ThisLine = nameof(BoundedCacheTenantApplicationBuilderExtensions.UseBoundedCacheTenants);

    public async Task InvokeAsync(HttpContext context)
    {
        ThrowIfMisplaced(context);

        var endpoint = context.GetEndpoint();
        if ((endpoint?.Metadata.GetMetadata<RequestPartition>() ?? options.PartitionOf(context.Request.Path)) is { } partition)
        {
            using (partition.IsHost ? tenants.UseHost() : null)
                await next(context).ConfigureAwait(false);
            return;
        }

        var tenantId = await options.Source!(context).ConfigureAwait(false);
        if (!TenantIds.IsValid(tenantId))
        {
            await Refusal(tenantId).ExecuteAsync(context).ConfigureAwait(false);
            return;
        }

        using (tenants.Use(tenantId))
            await next(context).ConfigureAwait(false);
    }

    private static ProblemHttpResult Refusal(string? tenantId) => TypedResults.Problem(
        string.IsNullOrEmpty(tenantId)
            ? "The request names no tenant."
            : "What the request names as its tenant is no tenant's id.",
        statusCode: StatusCodes.Status400BadRequest);

    private void ThrowIfMisplaced(HttpContext context)
    {
        if (context.Features.Get<ISessionFeature>() is not null)
            throw new InvalidOperationException($"app.UseSession() stands before app.{ThisLine}(), so a session would be loaded and committed in no tenant. Swap the two lines.");
        if (options.NeedsRouting && isBeforeRouting && context.GetEndpoint() is null)
            throw new InvalidOperationException($"app.{ThisLine}() takes the tenant from a route value, but stands before app.UseRouting(), so there is none yet. Swap the two lines.");
    }
}
