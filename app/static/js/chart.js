// Draws each [data-chart] {days, series} with the vendored ECharts. The table beside it holds the same figures, so a
// page without this is complete. No tooltip: it would need styles within markup, which the page's policy forbids.
/* global echarts */

const still = matchMedia("(prefers-reduced-motion: reduce)");

for (const place of document.querySelectorAll("[data-chart]")) draw(place, JSON.parse(place.dataset.chart));

function draw(place, { days, series }) {
  place.hidden = false;
  const chart = echarts.init(place);
  const colour = (name) => getComputedStyle(place).getPropertyValue(name).trim();
  const text = { color: colour("--ink-2"), fontFamily: getComputedStyle(place).fontFamily, fontSize: 12 };
  const own = series.some((each) => each.own_axis);
  const axis = (mine, side) => ({
    type: "value",
    position: side,
    name: mine.map((each) => each.name).join(" / "),
    nameTextStyle: { ...text, align: side },
    // People come whole.
    minInterval: 1,
    scale: side === "right",
    axisLabel: { ...text, formatter: (value) => value.toLocaleString("en") },
    splitLine: { show: side === "left", lineStyle: { color: colour("--line") } },
  });
  const left = axis(series.filter((each) => !each.own_axis), "left");
  const right = axis(series.filter((each) => each.own_axis), "right");
  chart.setOption({
    animation: !still.matches,
    grid: { left: 8, right: 8, top: 36, bottom: 4, containLabel: true },
    xAxis: {
      type: "category",
      data: days,
      axisLabel: { ...text, formatter: (day) => day.slice(5) },
      axisLine: { lineStyle: { color: colour("--edge") } },
    },
    yAxis: own ? [left, right] : [left],
    series: series.map((each) => ({
      name: each.name,
      type: each.kind,
      yAxisIndex: each.own_axis ? 1 : 0,
      data: each.values,
      barMaxWidth: 36,
      symbol: days.length > 45 ? "none" : each.tone === "calm" ? "rect" : "circle",
      symbolSize: 6,
      color: colour(`--${each.tone}`),
      lineStyle: { width: 2, type: each.tone === "calm" ? "dashed" : "solid" },
      label: { show: each.kind === "bar" && days.length <= 14, position: "top", ...text },
    })),
  });
  new ResizeObserver(() => chart.resize()).observe(place);
}
