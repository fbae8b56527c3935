namespace WebSample.Cart;

/// <summary>Some pieces of one product, at the price it had when the visitor took it.</summary>
public sealed record CartLine(int ProductId, string Name, string Kind, decimal Price, int Quantity);
