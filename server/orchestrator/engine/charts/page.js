// Draws what the page's data says. Colours are the style sheet's, so light, dark and print need no redrawing.
"use strict";
(() => {
  // The library writes style attributes, which the page's policy forbids; the style object may be set.
  const { attr } = Chartist.Svg.prototype;
  Chartist.Svg.prototype.attr = function (given, ...more) {
    if (typeof given !== "object" || given === null || !("style" in given)) return attr.call(this, given, ...more);
    const { style, ...rest } = given;
    this._node.style.cssText = style;
    return attr.call(this, rest, ...more);
  };
  const data = JSON.parse(document.getElementById("data").textContent);
  const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });
  for (const chart of data) {
    const place = document.getElementById(chart.id);
    const count = chart.labels.length;
    const every = Math.max(1, Math.ceil(count / 7));
    const value = (number) => chart.prefix + short.format(number);
    // What is drawn once is scaled from then on: printing draws nothing anew.
    const scaled = ({ svg }) => {
      const { width, height } = svg._node.getBoundingClientRect();
      svg._node.setAttribute("viewBox", `0 0 ${width} ${height}`);
      svg._node.setAttribute("aria-hidden", "true");
    };
    const options = {
      chartPadding: { top: 18, right: 16, bottom: 4, left: 8 },
      low: 0,
      fullWidth: count > 1,
      stackBars: chart.stacked,
      seriesBarDistance: 12,
    };
    if (chart.across) {
      place.style.height = `${Math.max(5, count * (chart.stacked ? 2 : chart.series.length) + 2.5)}rem`;
      // The first one stands at the top. The library's own `reverseData` would swap the series, too.
      const series = chart.series.map((values) => [...values].reverse());
      new Chartist.BarChart(place, { labels: [...chart.labels].reverse(), series }, {
        ...options,
        horizontalBars: true,
        axisX: { labelInterpolationFnc: value, onlyInteger: chart.whole, scaleMinSpace: 48 },
        axisY: { offset: 128, showGrid: false },
      }).on("created", scaled);
      continue;
    }
    const axes = {
      axisX: { showGrid: false, labelInterpolationFnc: (label, at) => (at % every === 0 ? label : null) },
      axisY: { offset: 48, labelInterpolationFnc: value, onlyInteger: chart.whole },
    };
    new Chartist.BarChart(place, { labels: chart.labels, series: chart.series }, { ...options, ...axes })
      .on("created", scaled)
      .on("draw", (drawn) => {
        if (drawn.type === "bar") {
          const width = Math.min(24, Math.max(2, (drawn.axisX.axisLength / count) * 0.65));
          drawn.element._node.style.strokeWidth = `${width}px`;
        }
      });
  }
})();
