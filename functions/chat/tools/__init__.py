"""What the chat looks up: weather, places, collection points, fees, prices, news, the web."""
