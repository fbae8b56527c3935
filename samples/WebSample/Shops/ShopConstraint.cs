namespace WebSample.Shops;

/// <summary>
/// Lets <c>{tenant:shop}</c> match the shops that there are, as their ids are written, so that no visitor makes up a
/// tenant by typing an address.
/// </summary>
internal sealed class ShopConstraint : IRouteConstraint
{
    public bool Match(
        HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
        Shop.Find(values[routeKey] as string) is not null;
}
